"""Ask the warehouse questions, and write the answers as a page and as JSON."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.operators.base import TransactionOperator
from warehouse.reporting.questions import Answer, Question, drawn
from warehouse.reporting.report import Report
from warehouse.retries import reason_to_retry, server_error
from warehouse.run import run_id_of
from warehouse.s3_objects import split_url
from warehouse.session import Session

# So that names sort by time, and the latest report is the greatest name.
STAMP = "%Y%m%dT%H%M%SZ"
# Only what is named as this operator names it is ever deleted.
REPORT = re.compile(r"(\d{8}T\d{6}Z)\.(html|json)")
CONTENT_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


class AskQuestionsOperator(TransactionOperator):
    """Ask all questions of one state of the warehouse; write the answers as `reports/{stamp}.html` and `.json`.

    A question that fails does not hide what the others find: its card says why, and the task fails once the report has
    been written. Redshift has no savepoints, so after a failure the others are asked anew, in a transaction of their
    own. A failure that can pass by itself ends the try without a report instead.

    :param sections: the questions below their headings, in the order of the page; the first is about all there is, and
        finds no row as long as there is nothing to report.
    :param title: the page's title.
    :param work_prefix: a writable s3:// location; without it the task is skipped.
    :param no_prefix: what to say then.
    :param latest_column: the column of the first question's answer that says up to when the data goes.
    :param keep: how many reports stay; older ones are deleted.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (*TransactionOperator.template_fields, "work_prefix")

    def __init__(
        self,
        *,
        sections: Mapping[str, Sequence[Question]],
        title: str,
        work_prefix: str,
        no_prefix: str = "there is no work prefix to write a report to",
        latest_column: str | None = None,
        keep: int = 30,
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sections = sections
        self.questions = [question for questions in sections.values() for question in questions]
        self.title = title
        self.work_prefix = work_prefix
        self.no_prefix = no_prefix
        self.latest_column = latest_column
        self.keep = keep
        self.aws_conn_id = aws_conn_id
        names = [question.name for question in self.questions]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if not names or doubles:
            raise ValueError(f"expected questions of different names, got {', '.join(doubles) or 'none'}")
        if keep < 1:
            raise ValueError(f"a report that is not kept is none: keep is {keep}, expected 1 or more")

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for the reports."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    def folder(self) -> tuple[str, str]:
        """Bucket and prefix of the reports."""
        try:
            bucket, prefix = split_url(self.work_prefix)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        return bucket, f"{prefix.rstrip('/')}/reports/".lstrip("/")

    def ask(self, session: Session, question: Question, context: Any) -> Answer:
        """Ask one question."""
        started = time.monotonic()
        rows = session.rows(self.render_sql(question.sql, context))
        self.log.info("%s: %d rows in %.2f s", question.name, len(rows), time.monotonic() - started)
        return Answer(question=question, columns=session.columns, rows=tuple(rows))

    def ask_all(self, session: Session, context: Any) -> dict[str, Answer]:
        """Answers by the questions' names, all of one state."""
        failed: dict[str, Answer] = {}
        while True:
            answers: dict[str, Answer] = {}
            for question in self.questions:
                if question.name in failed:
                    continue
                try:
                    answers[question.name] = self.ask(session, question, context)
                except session.database_errors as error:
                    if reason_to_retry(error):
                        raise
                    session.rollback()
                    message = " ".join(server_error(error)[1].split())
                    failed[question.name] = Answer(question=question, error=message)
                    self.log.warning("%s failed, the others are asked anew: %s", question.name, message)
                    break
            else:
                return answers | failed

    def write(self, report: Report) -> dict[str, str]:
        """Write both files, the page last: who finds it finds its figures too. Return their locations."""
        bucket, folder = self.folder()
        stamp = report.made_at.strftime(STAMP)
        locations = {}
        for ending, text in (("json", report.json()), ("html", report.html())):
            key = f"{folder}{stamp}.{ending}"
            body = text.encode()
            # S3Hook's own way to upload a string knows no content type.
            self.s3.get_conn().put_object(Bucket=bucket, Key=key, Body=body, ContentType=CONTENT_TYPES[ending])
            locations[ending] = f"s3://{bucket}/{key}"
            self.log.info("wrote %s, %d bytes", locations[ending], len(body))
        return locations

    def prune(self) -> None:
        """Delete all reports but the last ones."""
        bucket, folder = self.folder()
        keys = self.s3.list_keys(bucket_name=bucket, prefix=folder) or []
        stamps = {key: found[1] for key in keys if (found := REPORT.fullmatch(key.removeprefix(folder)))}
        kept = sorted(set(stamps.values()))[-self.keep :]
        if old := [key for key, stamp in stamps.items() if stamp not in kept]:
            self.s3.delete_objects(bucket=bucket, keys=old)
            self.log.info("deleted %d files of older reports; the last %d stay", len(old), self.keep)

    def execute(self, context: Any) -> dict[str, str]:
        """Ask, draw, write, prune; fail in the end if a question did."""
        if not self.work_prefix:
            raise AirflowSkipException(self.no_prefix)
        self.folder()
        with self.transaction() as session:
            answers = self.ask_all(session, context)
        started = time.monotonic()
        sections = {
            heading: [drawn(answers[question.name]) for question in questions]
            for heading, questions in self.sections.items()
        }
        self.log.info("drew the answers in %.2f s", time.monotonic() - started)
        report = Report(
            title=self.title,
            made_at=datetime.datetime.now(datetime.UTC).replace(tzinfo=None),
            run_id=run_id_of(context),
            sections=sections,
            latest_column=self.latest_column,
        )
        locations = self.write(report)
        self.prune()
        if report.failed:
            raise AirflowFailException(
                f"{len(report.failed)} of {len(answers)} questions failed; the report says so too:\n"
                + "\n".join(f"- {answer.question.name}: {answer.error}" for answer in report.failed)
            )
        return locations
