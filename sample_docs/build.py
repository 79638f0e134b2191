"""Write the sample documents, or check that the committed ones are what this script writes.

python sample_docs/build.py [--out DIR] [--check] [--scan FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harbour.documents import harbour_register  # noqa: E402 - the modules lie beside the script
from harbour.notice import short_notice  # noqa: E402
from harbour.questions import questions_json  # noqa: E402
from harbour.scanning import scan  # noqa: E402
from harbour.small import encrypted, scanned_page  # noqa: E402

SCANNED_PAGES = range(30, 50)


def build(out: Path) -> list[Path]:
    """Write every file into ``out``."""
    register, short = harbour_register(), short_notice()
    files = {
        "harbour_register.pdf": register,
        "short_notice.pdf": short,
        "scanned_page.pdf": scanned_page(),
        "encrypted.pdf": encrypted(),
        "questions.json": questions_json(register, short),
    }
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, data in files.items():
        (out / name).write_bytes(data)
        written.append(out / name)
    return written


def check() -> list[str]:
    """Names of committed files that differ from a fresh build."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = build(Path(folder))
        return [
            path.name
            for path in fresh
            if not (HERE / path.name).is_file() or (HERE / path.name).read_bytes() != path.read_bytes()
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the sample documents.")
    parser.add_argument("--out", type=Path, default=HERE, help="where to write them (here by default)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a committed file differs")
    parser.add_argument("--scan", type=Path, metavar="FILE", help="write 20 pages of the register as a scan, only")
    args = parser.parse_args()
    if args.scan:
        args.scan.write_bytes(scan(HERE / "harbour_register.pdf", SCANNED_PAGES))
        return 0
    if args.check:
        stale = check()
        print("differs: " + ", ".join(stale) if stale else "the committed files are what this script writes")
        return 1 if stale else 0
    for path in build(args.out):
        print(f"{path.stat().st_size:>9,}  {path.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
