"""Which questions of a conversation refer to what was said before: twenty written conversations of four turns."""

from __future__ import annotations

import pytest

from wholedoc import Turn
from wholedoc.answering.follow_up import last_turns, refers_back, with_the_question_before

# Every question with whether it needs the ones before it. The first of a conversation never does.
ALONE, BACK = False, True
CONVERSATIONS: list[list[tuple[str, bool]]] = [
    [
        ("Who chairs the harbour board?", ALONE),
        ("And since when?", BACK),
        ("What did he do before that?", BACK),
        ("How high are the dues for a berth at Corn Quay?", ALONE),
    ],
    [
        ("What does the contract say about notice periods?", ALONE),
        ("Does that apply to the tenant too?", BACK),
        ("Why?", BACK),
        ("Which court decides disputes under Article 14?", ALONE),
    ],
    [
        ("How much did the new boiler cost?", ALONE),
        ("Who paid for it?", BACK),
        ("What about the chimney?", BACK),
        ("When was the school on Mill Street built?", ALONE),
    ],
    [
        ("Which ships carried barley in 1893?", ALONE),
        ("Where did they come from?", BACK),
        ("Were there others?", BACK),
        ("Who was the master of the Grey Heron?", ALONE),
    ],
    [
        ("What is the warranty on the pump?", ALONE),
        ("Is it longer for commercial users?", BACK),
        ("And the filter?", BACK),
        ("How often must the filter of the pump be cleaned?", ALONE),
    ],
    [
        ("Who signed the lease?", ALONE),
        ("On what date?", BACK),
        ("In whose presence?", BACK),
        ("What rent does the lease of Unit 7 set?", ALONE),
    ],
    [
        ("What are the side effects of the drug?", ALONE),
        ("How common are these?", BACK),
        ("Can children take it?", BACK),
        ("What is the largest daily dose for adults?", ALONE),
    ],
    [
        ("When did Ada Lovelace meet Babbage?", ALONE),
        ("Who introduced them?", BACK),
        ("How old was she then?", BACK),
        ("What did Ada Lovelace translate?", ALONE),
    ],
    [
        ("Which method had the best accuracy?", ALONE),
        ("By how much?", BACK),
        ("On which data set was this measured?", BACK),
        ("How many parameters does the baseline model have?", ALONE),
    ],
    [
        ("What was the revenue in the third quarter?", ALONE),
        ("How does it compare with the year before?", BACK),
        ("What explains the difference in their margins?", BACK),
        ("Who is the chief financial officer of the company?", ALONE),
    ],
    [
        ("Where is the emergency stop of the lift?", ALONE),
        ("Who may press it?", BACK),
        ("What happens then?", BACK),
        ("How many people may ride in the lift?", ALONE),
    ],
    [
        ("What must a visitor bring to the archive?", ALONE),
        ("And for a second visit?", BACK),
        ("Can somebody else collect the card?", BACK),
        ("What are the opening hours of the archive in August?", ALONE),
    ],
    [
        ("Which languages does the interpreter Balthasar speak?", ALONE),
        ("Which one did he learn first?", BACK),
        ("So he never went to school?", BACK),
        ("What did the interpreter Balthasar earn in 1901?", ALONE),
    ],
    [
        ("How is the deposit returned?", ALONE),
        ("Within how many days?", BACK),
        ("What if the flat is damaged?", BACK),
        ("What counts as damage to the flat under clause 9?", ALONE),
    ],
    [
        ("Who invented the device in section 3?", ALONE),
        ("Did she patent it?", BACK),
        ("Then who did?", BACK),
        ("In which year was patent 4,712 granted?", ALONE),
    ],
    [
        ("What does the manual say about frost?", ALONE),
        ("Is there anything else about it?", BACK),
        ("But what about the hoses?", BACK),
        ("What is the lowest temperature for starting the engine?", ALONE),
    ],
    [
        ("Who were the members of the committee?", ALONE),
        ("Which of them voted against?", BACK),
        ("Did they give their reasons?", BACK),
        ("When did the committee on lamps last meet?", ALONE),
    ],
    [
        ("What is the penalty for late delivery?", ALONE),
        ("Is there an upper limit to it?", BACK),
        ("Also for partial deliveries?", BACK),
        ("Who bears the risk while goods are on the way?", ALONE),
    ],
    [
        ("How did the Halcyon Maid break loose?", ALONE),
        ("Was anybody on board at the time of this accident?", BACK),
        ("How was she brought back?", BACK),
        ("What did the inquiry into the Halcyon Maid find?", ALONE),
    ],
    [
        ("Welche Frist gilt für die Kündigung?", ALONE),
        ("Und danach?", BACK),
        ("Warum?", BACK),
        ("Wer trägt die Kosten der Reparatur im Treppenhaus?", ALONE),
    ],
]


def asked() -> list[tuple[list[Turn], str, bool]]:
    """Every question behind the turns before it, and whether it needs them."""
    return [
        ([Turn(earlier, "An answer.") for earlier, _ in turns[:place]], question, needs)
        for turns in CONVERSATIONS
        for place, (question, needs) in enumerate(turns)
    ]


def test_twenty_conversations_of_four_turns() -> None:
    assert [len(turns) for turns in CONVERSATIONS] == [4] * 20
    wrong = [question for history, question, needs in asked() if refers_back(question, history) is not needs]
    # Nothing in its words shows that this one goes on from another, so it is asked as it stands.
    assert wrong == ["Within how many days?"]


def test_no_question_that_stands_alone_is_changed() -> None:
    """This is what the rule is made for: a person's own words are kept unless there is a reason."""
    assert [question for history, question, needs in asked() if not needs and refers_back(question, history)] == []


@pytest.mark.parametrize("task", ["Summarise the document.", "summarize this", "Please describe the whole report"])
def test_a_task_for_all_of_it_stands_alone(task: str) -> None:
    assert not refers_back(task, [Turn("Who chairs the board?", "Mara Pell.")])
    assert refers_back("Summarise it for the clerk, and that other one", [Turn("Who chairs it?", "Mara Pell.")])


def test_the_first_question_is_never_changed() -> None:
    assert not refers_back("And since when?", [])


@pytest.mark.parametrize("question", ["Why?", "  and then  ", "What about it?"])
def test_what_stands_in_for_it_without_a_writer_names_what_it_is_about(question: str) -> None:
    history = [Turn("First?", "1"), Turn("Who chairs the board?", "Ada.")]
    assert with_the_question_before(question, history) == f"Who chairs the board? {question.strip()}"


def test_a_question_that_refers_back_itself_does_not_stand_in_for_another() -> None:
    history = [Turn("Who chairs the board?", "Ann Orr."), Turn("What is her trade?", "A baker.")]
    assert with_the_question_before("And since when?", history) == "Who chairs the board? And since when?"


def test_only_the_last_turns_tell_what_a_question_refers_to() -> None:
    history = [Turn(f"Question {n}?", f"Answer {n}.") for n in range(5)]
    assert last_turns(history) == [(f"Question {n}?", f"Answer {n}.") for n in (2, 3, 4)]
