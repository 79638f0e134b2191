"""The command line as a person uses it: answers, JSON, exit codes, no traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wholedoc import Library
from wholedoc.cli import documents
from wholedoc.storage import shelf
from wholedoc.storage.home import home

from .conftest import SAMPLES, Command

NOTICE = SAMPLES / "short_notice.pdf"
QUESTION = "Which radio channel should a yacht use to announce herself?"
CITATION_KEYS = {"document", "page", "page_label", "quote", "score"}
USAGE_KEYS = {"document_tokens", "cached_tokens", "kept_tokens", "question_tokens", "answer_tokens"}


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_ask_json_is_the_contract(wholedoc: Command) -> None:
    code, out, _ = wholedoc("ask", NOTICE, "-q", QUESTION, "-q", "Who keeps the bridge?", "--json")
    assert code == 0
    result = json.loads(out)
    assert set(result) == {"answers", "documents", "timings", "model", "device"}
    first = result["answers"][0]
    assert set(first) == {
        "question",
        "answer",
        "found",
        "unsupported",
        "sources",
        "support",
        "citations",
        "chunks",
        "usage",
        "timings",
    }
    assert first["question"] == QUESTION
    assert first["found"] is True
    assert first["citations"]
    assert all(set(citation) == CITATION_KEYS for citation in first["citations"])
    sentences = first["sources"]  # of the first quote, which is the answer
    assert (sentences[0]["start"], sentences[-1]["stop"]) == (0, len(first["answer"]))
    assert all(sentence["citations"][0] == 1 for sentence in sentences)
    assert set(first["usage"]) == USAGE_KEYS
    assert set(first["timings"]) == {"score_s", "first_token_s", "total_s", "cited_s"}
    assert set(result["timings"]) == {"load_s", "parse_s", "read_s"}
    (document,) = result["documents"]
    assert document["name"] == NOTICE.name
    assert document["pages"] == 5
    assert document["tokens"] == first["usage"]["document_tokens"]
    assert document["pages_without_text"] == 0


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_every_quote_is_on_its_page(wholedoc: Command) -> None:
    from wholedoc.documents.extraction import read_document

    _, out, _ = wholedoc("ask", NOTICE, "-q", QUESTION, "--json")
    document = read_document(NOTICE)
    citations = json.loads(out)["answers"][0]["citations"]
    assert citations[0]["page"] == 2
    assert "channel 12" in citations[0]["quote"]
    for citation in citations:
        page = document.pages[citation["page"] - 1]
        assert citation["quote"] in page.text
        assert citation["page_label"] == page.label


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_the_second_time_nothing_is_read(wholedoc: Command) -> None:
    first = json.loads(wholedoc("ask", NOTICE, "-q", QUESTION, "--json")[1])
    second = json.loads(wholedoc("ask", NOTICE, "-q", QUESTION, "--json")[1])
    assert first["timings"]["read_s"] > 0
    assert second["timings"]["read_s"] == 0
    assert second["answers"][0]["usage"]["cached_tokens"] == second["documents"][0]["tokens"]
    assert second["answers"][0]["answer"] == first["answers"][0]["answer"]
    assert second["answers"][0]["citations"] == first["answers"][0]["citations"]


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_a_person_reads_the_answer_and_its_pages(wholedoc: Command) -> None:
    code, out, _ = wholedoc("ask", NOTICE, "-q", QUESTION)
    assert code == 0
    assert QUESTION in out
    assert "p. " in out
    assert "tokens kept" in out


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_instructions_around_a_question_hide_no_answer_and_something_else_is_not_found(wholedoc: Command) -> None:
    instructions = "Answer in one short sentence, without any explanation, and do not make anything up."
    asked = ("-q", f"Who deals with complaints about noise? {instructions}", "-q", "How do I bake bread?")
    found, not_found = json.loads(wholedoc("ask", NOTICE, *asked, "--json")[1])["answers"]
    assert found["found"]
    assert 3 in [citation["page"] for citation in found["citations"]]
    assert not not_found["found"]
    assert not_found["citations"] == []


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
@pytest.mark.parametrize("composition", ["assembled", "reread", "mixture"])
def test_every_composition_answers(wholedoc: Command, composition: str) -> None:
    code, out, _ = wholedoc(
        "ask", NOTICE, "-q", QUESTION, "--json", "--composition", composition, "--max-new-tokens", "8"
    )
    assert code == 0
    assert json.loads(out)["answers"][0]["answer"]


@pytest.mark.embedded
def test_add_then_list_then_ask_by_id_then_remove(wholedoc: Command, roomy_model: Path) -> None:
    code, out, _ = wholedoc("add", NOTICE, "--json", "--model", roomy_model)
    assert code == 0
    added = json.loads(out)["documents"][0]
    assert added["id"][:12] in wholedoc("list")[1]
    code, out, _ = wholedoc("ask", added["id"][:8], "-q", QUESTION, "--json", "--model", roomy_model)
    assert code == 0
    assert json.loads(out)["documents"][0]["id"] == added["id"]
    assert wholedoc("remove", added["id"][:8])[0] == 0
    assert added["id"][:12] not in wholedoc("list")[1]
    code, _, err = wholedoc("ask", added["id"][:8], "-q", QUESTION)
    assert code == 2
    assert "wholedoc list" in err


@pytest.mark.embedded
def test_the_whole_shelf_is_asked_together(wholedoc: Command, roomy_model: Path, tmp_path: Path) -> None:
    """All documents that this model has read, and none that it has not, which is said."""
    code, _, err = wholedoc("ask", "--all", "-q", QUESTION, "--model", roomy_model)
    assert code == 2
    assert "wholedoc add" in err
    other = tmp_path / "other.txt"
    other.write_text("The ferry leaves from the third pier at noon.\n")
    for path in (NOTICE, other):
        assert wholedoc("add", path, "--model", roomy_model)[0] == 0
    Library.open().parse(SAMPLES / "harbour_register.pdf")
    code, out, err = wholedoc("ask", "--all", "-q", QUESTION, "--json", "--model", roomy_model)
    assert code == 0
    assert [one["name"] for one in json.loads(out)["documents"]] == [NOTICE.name, other.name]
    assert "harbour_register.pdf" in err


@pytest.mark.embedded
def test_upkeep_of_the_library(wholedoc: Command, roomy_model: Path) -> None:
    assert "empty" in wholedoc("list")[1]
    read = ["--model", roomy_model, "--chunk-tokens", "1024"]  # two chunks
    assert wholedoc("add", NOTICE, *read)[0] == 0
    (document,) = json.loads(wholedoc("list", "--json")[1])["documents"]
    assert document["warm"] == 1
    assert document["bytes"] > 0
    assert "all sound" in wholedoc("library", "verify")[1]
    victim = next((home() / "kv").glob("*/*.safetensors"))
    victim.write_bytes(victim.read_bytes()[:-4])
    assert NOTICE.name in wholedoc("library", "verify")[1]
    assert "50% read" in wholedoc("list")[1]
    code, _, err = wholedoc("ask", NOTICE, "-q", "Who?", *read, "--max-new-tokens", "4")
    assert code == 0, err
    assert wholedoc("library", "prune") == (0, "0.0 MB set free\n", "")


@pytest.mark.embedded
def test_a_full_library_says_so(wholedoc: Command, roomy_model: Path) -> None:
    code, _, err = wholedoc("add", NOTICE, "--model", roomy_model, "--library-limit", "0.00001")
    assert code == 1
    assert "limit" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.embedded
def test_a_conversation_is_seen_by_later_questions(wholedoc: Command, roomy_model: Path) -> None:
    arguments = ["ask", NOTICE, "-q", "Who berths?", "-q", "When?", "--model", roomy_model, "--json"]
    apart, together = (json.loads(wholedoc(*arguments, *flag)[1])["answers"] for flag in ([], ["--conversation"]))
    assert apart[0]["answer"] == together[0]["answer"]
    # "When?" is searched for with the question before it.
    assert apart[1]["usage"]["question_tokens"] < together[1]["usage"]["question_tokens"]
    assert apart[1]["usage"]["document_tokens"] == together[1]["usage"]["document_tokens"]


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_pages_without_text_are_named(wholedoc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (shelf, documents):
        monkeypatch.setattr(module, "is_installed", lambda: False)
    code, out, err = wholedoc("add", SAMPLES / "scanned_page.pdf", "--json")
    assert code == 0
    document = json.loads(out)["documents"][0]
    assert document["pages_without_text"] == 1
    assert "page 2" in " ".join(document["warnings"])
    assert document["warnings"][0] in err


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_an_encrypted_file_wants_its_password(wholedoc: Command) -> None:
    encrypted = SAMPLES / "encrypted.pdf"
    code, _, err = wholedoc("add", encrypted)
    assert code == 2
    assert "--password" in err
    assert wholedoc("add", encrypted, "--password", "wrong")[0] == 2
    assert wholedoc("add", encrypted, "--password", "lighthouse")[0] == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"%PDF-1.7 truncated", "cut off"), (b"PK\x03\x04rest", "zip"), (b"\x7fELF\x00\x00", "")],
)
def test_bad_files_get_one_sentence_and_exit_code_2(
    wholedoc: Command, tmp_path: Path, content: bytes, says: str
) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(content)
    code, out, err = wholedoc("ask", bad, "-q", "What?")
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert says in err.lower()


def test_a_missing_file_is_said_so(wholedoc: Command) -> None:
    code, _, err = wholedoc("ask", "nowhere.pdf", "-q", "What?")
    assert code == 2
    assert "nowhere.pdf" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "x.pdf"],
        ["ask", "-q", "What?"],
        ["ask", "x.pdf", "--all", "-q", "What?"],
        ["ask", "--all", "--ranks", "2", "-q", "What?"],
        ["ask", "x.pdf", "-q", "What?", "--composition", "blended"],
        ["ask", "x.pdf", "-q", "What?", "--device", "abacus"],
        ["ask", "x.pdf", "-q", "What?", "--calibrate", "sink", "--composition", "reread"],
        ["ask", "x.pdf", "-q", "What?", "--calibrate", "sink", "--calibrate-layers", "0.5", "0.25"],
        ["sing"],
    ],
)
def test_wrong_usage_is_exit_code_2(wholedoc: Command, arguments: list[str]) -> None:
    code, _, err = wholedoc(*arguments)
    assert code == 2
    assert "Traceback" not in err


def test_a_model_that_is_not_there_is_said_so(wholedoc: Command, tmp_path: Path) -> None:
    code, _, err = wholedoc("ask", NOTICE, "-q", "What?", "--model", tmp_path / "no-model")
    assert code == 2
    assert "no-model" in err
    assert "Traceback" not in err


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_an_empty_question_is_refused(wholedoc: Command) -> None:
    code, _, err = wholedoc("ask", NOTICE, "-q", "  ")
    assert code == 2
    assert "empty" in err


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_a_question_longer_than_the_window_is_refused_not_cut(wholedoc: Command) -> None:
    code, _, err = wholedoc("ask", NOTICE, "-q", "why " * 9000)
    assert code == 2
    assert "window" in err


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_doctor_says_what_fits(wholedoc: Command) -> None:
    code, out, _ = wholedoc("doctor", "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["longest_document_tokens"] > 0
    assert facts["attention_kernel"]
    assert facts["kv_of_128k_tokens"] in ("host", "disk")
    longest = facts["longest_host_tokens"], facts["longest_disk_tokens"]
    assert max(longest) == facts["longest_document_tokens"]
    code, out, _ = wholedoc("doctor")
    assert code == 0
    assert "128K" in out
    assert "a question reads" in out
    other = "in host memory" if facts["kv_of_128k_tokens"] == "disk" else "on disk"
    assert not longest[1] or f"tokens it can be {other}: a question reads" in out


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_ctrl_c_stops_and_keeps_what_was_read(tmp_path: Path) -> None:
    """A reading that is interrupted ends at once, and the chunks that were read are kept."""
    log = tmp_path / "log.txt"
    log.write_text("\n\n".join(f"Entry {n}: the crane lifted {n * 37} crates." for n in range(9000)))
    # A shell's background job ignores Ctrl-C, and so would everything that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "wholedoc", "add", str(log), "--chunk-tokens", "256"],
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list((home() / "kv").glob("*/*.safetensors")):
        time.sleep(0.1)
    try:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()  # one that goes on would slow down every test after it
    assert process.returncode == 1
    assert "stopped" in err
    assert "Traceback" not in err
    assert list((home() / "kv").glob("*/*.safetensors"))
    assert not list((home() / "kv").glob("*/.writing-*"))
