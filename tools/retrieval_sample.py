"""Write the text on which retrieval heads are found, or check that the committed one is what this writes.

python -m tools.retrieval_sample [--check]

It is the pages of the long sample document that answer its questions, each page once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from wholedoc.documents.extraction import read_document

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_docs"
TARGET = ROOT / "app" / "wholedoc" / "models" / "retrieval" / "sample.json"


def sample() -> str:
    """Return the sample as JSON: `pages`, and `questions` with the index of the page that answers each."""
    described = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))["documents"][0]
    document = read_document(SAMPLES / described["file"])
    numbers = sorted({number for one in described["questions"] for number in one["pages"]})
    content = {
        "pages": [document.pages[number - 1].text for number in numbers],
        "questions": [
            {"question": one["question"], "page": numbers.index(one["pages"][0])} for one in described["questions"]
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=0) + "\n"


def main() -> int:
    """Write the file; with --check write nothing, and return 1 if the committed one differs."""
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(sample(), encoding="utf-8")
        return 0
    same = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == sample()
    print("the committed sample is what this writes" if same else f"differs: {TARGET.name}")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
