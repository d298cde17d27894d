"""Run the queries of all questions, and write the answers as an HTML page and as JSON."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.errors import DatabaseError
from warehouse.operators.base import TransactionOperator
from warehouse.reporting.history import REPORTS, folder_location, utc_stamp
from warehouse.reporting.questions import Answer, Question, with_charts
from warehouse.reporting.report import Report
from warehouse.retries import reason_to_retry, server_error
from warehouse.session import Session

# Only files with the names that this operator writes are deleted.
REPORT = re.compile(r"(\d{8}T\d{6}Z)\.(html|json)")
CONTENT_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


class AskQuestionsOperator(TransactionOperator):
    """Answer all questions from one snapshot of the warehouse; write them as `reports/{timestamp}.html` and `.json`.

    If a question fails, its card shows the error, the other questions are answered all the same, and the task fails
    after the report has been written. Redshift has no savepoints, so after a failure the other queries run again in a
    new transaction. A transient failure ends the try without a report instead.

    :param sections: the questions by the heading of their section, in the order of the page. The first question is
        about all data, and returns no row while there is no data.
    :param title: the title of the page.
    :param work_prefix: a writable s3:// location; without it the task is skipped.
    :param no_prefix: the message of the skipped task.
    :param latest_column: the column in the answer to the first question with the timestamp of the latest data.
    :param keep: how many reports to keep; older ones are deleted.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (*TransactionOperator.template_fields, "work_prefix")

    def __init__(
        self,
        *,
        sections: Mapping[str, Sequence[Question]],
        title: str,
        work_prefix: str,
        no_prefix: str = "no work prefix is set, so there is no location for the report",
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
        duplicates = sorted({name for name in names if names.count(name) > 1})
        if not names or duplicates:
            raise ValueError(f"expected questions with different names, got {', '.join(duplicates) or 'none'}")
        if keep < 1:
            raise ValueError(f"cannot keep {keep} reports; expected 1 or more")

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for writing reports and deleting old ones."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    def folder(self) -> tuple[str, str]:
        """Bucket and key prefix of the reports. Raises AirflowFailException if that is not an S3 location."""
        try:
            return folder_location(self.work_prefix, REPORTS)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error

    def ask(self, session: Session, question: Question, context: Any) -> Answer:
        """The answer to one question. Raises the driver's error if the query fails."""
        started = time.monotonic()
        rows = session.rows(self.render_sql(question.sql, context))
        self.log.info("%s: %d rows in %.2f s", question.name, len(rows), time.monotonic() - started)
        return Answer(question=question, columns=session.columns, rows=tuple(rows))

    def ask_all(self, session: Session, context: Any) -> dict[str, Answer]:
        """The answers by name of the question, all from one snapshot."""
        failed: dict[str, Answer] = {}
        while True:
            answers: dict[str, Answer] = {}
            for question in self.questions:
                if question.name in failed:
                    continue
                try:
                    answers[question.name] = self.ask(session, question, context)
                except DatabaseError as error:
                    if reason_to_retry(error):
                        raise
                    session.rollback()
                    message = " ".join(server_error(error)[1].split())
                    failed[question.name] = Answer(question=question, error=message)
                    self.log.warning("%s failed, the other queries run again: %s", question.name, message)
                    break
            else:
                return answers | failed

    def write(self, report: Report) -> dict[str, str]:
        """Write the JSON, then the page, so that a page always has its JSON. Return the locations by extension."""
        bucket, folder = self.folder()
        stamp = utc_stamp(report.created_at)
        locations = {}
        for extension, text in (("json", report.json()), ("html", report.html())):
            key = f"{folder}{stamp}.{extension}"
            body = text.encode()
            # S3Hook.load_string cannot set the content type.
            self.s3.get_conn().put_object(Bucket=bucket, Key=key, Body=body, ContentType=CONTENT_TYPES[extension])
            locations[extension] = f"s3://{bucket}/{key}"
            self.log.info("wrote %s, %d bytes", locations[extension], len(body))
        return locations

    def delete_old(self) -> None:
        """Delete all but the newest reports."""
        bucket, folder = self.folder()
        keys = self.s3.list_keys(bucket_name=bucket, prefix=folder) or []
        stamps = {key: match[1] for key in keys if (match := REPORT.fullmatch(key.removeprefix(folder)))}
        kept = sorted(set(stamps.values()))[-self.keep :]
        if old := [key for key, stamp in stamps.items() if stamp not in kept]:
            self.s3.delete_objects(bucket=bucket, keys=old)
            self.log.info("deleted %d files of old reports and kept the last %d reports", len(old), self.keep)

    def execute(self, context: Any) -> dict[str, str]:
        """Write the report and return its locations by extension. Raises AirflowFailException if a question failed."""
        if not self.work_prefix:
            raise AirflowSkipException(self.no_prefix)
        self.folder()
        with self.transaction() as session:
            answers = self.ask_all(session, context)
        started = time.monotonic()
        sections = {
            heading: [with_charts(answers[question.name]) for question in questions]
            for heading, questions in self.sections.items()
        }
        self.log.info("drew the charts in %.2f s", time.monotonic() - started)
        report = Report(
            title=self.title,
            created_at=datetime.datetime.now(datetime.UTC),
            run_id=str(context["run_id"]),
            sections=sections,
            latest_column=self.latest_column,
        )
        locations = self.write(report)
        self.delete_old()
        if report.failed:
            raise AirflowFailException(
                f"{len(report.failed)} of {len(answers)} questions failed; the report has the other answers:\n"
                + "\n".join(f"- {answer.question.name}: {answer.error}" for answer in report.failed)
            )
        return locations
