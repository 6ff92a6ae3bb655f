"""Tunings for tests of what is made of them, without measuring anything."""

from __future__ import annotations

from zarrlift.plan.candidates import CodecResult, advise, candidates
from zarrlift.plan.subject import find_subject
from zarrlift.plan.tuning import Sampled, Tuning
from zarrlift.plan.views import layout_results, typical_views
from zarrlift.survey.facts import Survey


def tuning_of(
    survey: Survey, *codecs: str, wanted: str | None = None, raw_bytes: int = 1000
) -> Tuning:
    """Give a tuning in which the codec named last is the best in every way."""
    subject = find_subject(survey, wanted)
    tried = candidates(subject.level.layout, codecs)
    results = tuple(
        CodecResult(
            candidate=candidate,
            raw_bytes=raw_bytes,
            stored_bytes=500 // (number + 1),
            encode_rate=1e9,
            decode_rate=1e9,
            projected_bytes=5000,
        )
        for number, candidate in enumerate(tried)
    )
    views = typical_views(subject)
    sampled = Sampled(
        seed=0, chunks=((0, 0, 0),), edge=0, timed=1, filled=0, raw_bytes=1000, stored_bytes=500,
        looked_for=1, present=1.0,
    )  # fmt: skip
    return Tuning(
        source=survey.source,
        subject=subject,
        sampled=sampled,
        codecs=results,
        advice=advise(results),
        views=views,
        layouts=layout_results(subject, views),
        codec_versions=(),
        findings=(),
    )
