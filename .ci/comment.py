"""Comments on a pull request, and puts a new comment in place of its own earlier one.

    python3 comment.py NUMBER NAME FILE

The text is the Markdown in FILE. NAME stands in a marker that readers do not see, by which the
comment is found again. A comment that cannot be written, as on a pull request from a fork, costs
one line and no failure: the verdicts are on the job's page too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

AUTHOR = "github-actions[bot]"
# Instead of the verdicts of an earlier push, which are no longer of the change.
NOTHING = "Nothing was compared at the last push. The job's log says why.\n"


def main(number: str, name: str, file: Path) -> None:
    """Comment, or say why not."""
    marker = f"<!-- c10k: {name} -->"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    body = {"body": f"{marker}\n{text or NOTHING}"}
    issues = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    comments = f"{issues}/{number}/comments"
    try:
        pages = json.loads(gh("--paginate", "--slurp", comments))
        earlier = [
            each["id"]
            for page in pages
            for each in page
            if each["user"]["login"] == AUTHOR and each["body"].startswith(marker)
        ]
        if earlier:
            gh("--method", "PATCH", f"{issues}/comments/{earlier[0]}", body=body)
        elif not text:
            print(f"no comment: there is nothing in {file.name}")
        else:
            gh("--method", "POST", comments, body=body)
    except FileNotFoundError:
        print("::notice::no comment on the pull request: there is no gh on this runner")
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())
        print(
            f"::notice::no comment on the pull request: {said} "
            "(the job needs the permission `pull-requests: write`, which forks do not get)"
        )


def gh(*arguments: str, body: dict[str, Any] | None = None) -> str:
    """What GitHub's API answers."""
    command = ["gh", "api", *arguments]
    if body:
        command += ["--input", "-"]
    given = json.dumps(body) if body else None
    ended = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return ended.stdout


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
