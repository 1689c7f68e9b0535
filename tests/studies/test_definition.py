"""A study file is taken whole and right, or refused with the path of each fault."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_assessment.studies.definition import (
    PARTS,
    CameraSettings,
    ConsentSettings,
    ContactSetting,
    HelpSettings,
    Model,
    Part,
    QuestionnaireSettings,
    StudyFile,
)
from quart_assessment.studies.study_file import (
    StudyFileInvalid,
    as_json,
    consents_to_connection,
    content_hash,
    default_study,
    missing_settings,
    parse_study,
)
from tests.ground.study import english_study, study_with

REAL_HELP = HelpSettings.model_validate(
    {
        "text": {"en": "Please talk to someone."},
        "reply": {"en": "Please talk to someone."},
        "short_reply": {"en": "Please talk to someone."},
        "approved_by": "A clinician",
        "approved_on": date(2024, 5, 1),
        "hotlines": [{"name": "A line"}],
    }
)
CONTACTS = (ContactSetting(name="On call", email="on-call@study.example"),)


@pytest.fixture
def demo() -> StudyFile:
    return study_with()


@pytest.fixture
def told() -> dict[str, Any]:
    return english_study()


def _parts(study: StudyFile) -> dict[Part, Model]:
    return {name: getattr(study, name) for name in PARTS if getattr(study, name) is not None}


def _refusal(told: dict[str, Any]) -> str:
    with pytest.raises(StudyFileInvalid) as caught:
        parse_study(_toml(told))
    return "\n".join(caught.value.lines)


def _toml(told: dict[str, Any]) -> str:
    # JSON strings, numbers, arrays and booleans are TOML as well; only tables differ.
    return "\n".join(f"{name} = {_inline(value)}" for name, value in told.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_inline(entry)}' for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(entry) for entry in value) + "]"
    return json.dumps(value)


def test_the_default_study_is_a_complete_demonstration(demo: StudyFile) -> None:
    assert missing_settings(_parts(demo), demo.help, (), demo=demo.demo, external=False) == ()
    assert (demo.slug, demo.demo, demo.registration, demo.invitation_once) == ("demo", True, True, False)


def test_the_default_study_says_that_it_is_no_care_and_its_chat_a_machine(demo: StudyFile) -> None:
    assert demo.consent is not None
    assert demo.presentation is not None
    assert demo.chat is not None
    assert demo.chat.greeting is not None
    for text in (demo.consent.content, demo.presentation.welcome, demo.presentation.thanks):
        assert "demonstration, not care" in text["en"]
    assert "computer program, not a person" in demo.chat.greeting["en"]
    assert "not care" in demo.chat.greeting["en"]
    assert "</end_conversation>" in demo.chat.instructions_for_model


def test_the_default_study_invents_no_telephone_number(demo: StudyFile) -> None:
    assert demo.help is not None
    assert demo.help.placeholder
    texts = [*demo.help.text.values(), *demo.help.reply.values(), *demo.help.short_reply.values()]
    lines = [line for hotline in demo.help.hotlines for line in (hotline.name, hotline.phone, hotline.hours)]
    assert all(line is None or line.startswith("PLACEHOLDER") for line in lines)
    assert not any(sign.isdigit() for text in [*texts, *filter(None, lines)] for sign in text)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named(demo: StudyFile, part: Part) -> None:
    parts = _parts(demo)
    del parts[part]
    assert missing_settings(parts, demo.help, (), demo=True, external=False) == (part,)


def test_missing_help_is_named_in_a_demonstration_too(demo: StudyFile) -> None:
    assert missing_settings(_parts(demo), None, (), demo=True, external=False) == ("help",)


def test_a_real_study_cannot_start_with_placeholder_hotlines_or_unapproved_help(demo: StudyFile) -> None:
    missing = missing_settings(_parts(demo), demo.help, CONTACTS, demo=False, external=False)
    assert missing == ("help.hotlines", "help.approved_by")


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({}, ()),
        ({"approved_by": None}, ("help.approved_by",)),
        ({"approved_on": None}, ("help.approved_by",)),
        ({"placeholder": True}, ("help.hotlines",)),
        ({"hotlines": [{"name": "placeholder - to come"}]}, ("help.hotlines",)),
        ({"hotlines": [{"name": "A line", "phone": "PLACEHOLDER"}]}, ("help.hotlines",)),
        ({"short_reply": {"en": "PLACEHOLDER text"}}, ("help.text",)),
    ],
)
def test_real_help_is_whole_and_approved(change: dict[str, Any], missing: tuple[str, ...]) -> None:
    demo = parse_study(default_study())
    help_ = HelpSettings.model_validate(REAL_HELP.model_dump() | change)
    assert missing_settings(_parts(demo), help_, CONTACTS, demo=False, external=False) == missing


@pytest.mark.parametrize(
    ("instrument", "scopes", "contacts", "missing"),
    [
        ("phq-9", ["questionnaire"], (), ("contacts",)),
        ("phq-8", ["questionnaire", "chat"], (), ("contacts",)),
        ("phq-9", ["questionnaire"], ({"name": "On call"},), ("contacts.email",)),
        ("phq-9", ["questionnaire"], ({"name": "1"}, {"name": "2", "email": "a@b.c"}), ("contacts.email",)),
        ("phq-9", ["questionnaire", "chat"], ({"name": "1", "email": "a@b.c"},), ()),
        ("phq-8", ["questionnaire"], (), ()),
        ("gad-7", ["questionnaire", "camera"], (), ()),
    ],
)
def test_a_real_study_in_which_risk_can_be_seen_needs_somebody_to_tell(
    demo: StudyFile,
    instrument: str,
    scopes: list[str],
    contacts: tuple[dict[str, str], ...],
    missing: tuple[str, ...],
) -> None:
    assert demo.questionnaire is not None
    assert demo.consent is not None
    parts = _parts(demo) | {
        "questionnaire": demo.questionnaire.model_copy(update={"instrument": instrument}),
        "consent": ConsentSettings.model_validate(
            demo.consent.model_dump()
            | {"scopes": [{"name": name, "required": name == "questionnaire"} for name in scopes]}
        ),
    }
    told = [ContactSetting.model_validate(one) for one in contacts]
    assert missing_settings(parts, REAL_HELP, told, demo=False, external=False) == missing
    assert missing_settings(parts, REAL_HELP, (), demo=True, external=False) == ()


@pytest.mark.parametrize(
    ("contacts", "place", "says"),
    [
        ([{"name": "A", "email": "nobody"}], "contacts.0.email", "must be an e-mail address"),
        ([{"name": "A", "email": "A <a@b.c>"}], "contacts.0.email", "must be an e-mail address"),
        ([{"name": "A", "email": "a@b.c\nBcc: d@e.f"}], "contacts.0.email", "must be an e-mail address"),
        ([{"name": "A", "language": "xx"}], "contacts.0.language", "'en' or 'id'"),
        ([{"email": "a@b.c"}], "contacts.0.name", "required"),
        ([{"name": str(number)} for number in range(6)], "contacts", "at most 5"),
    ],
)
def test_what_is_wrong_with_a_contact_is_named(
    told: dict[str, Any], contacts: list[dict[str, str]], place: str, says: str
) -> None:
    refusal = _refusal(told | {"contacts": contacts})
    assert refusal.startswith(f"{place}: ")
    assert says in refusal


@pytest.mark.parametrize("minutes", [0, -1, 10_081, "soon"])
def test_the_time_to_acknowledge_is_some_minutes(told: dict[str, Any], minutes: object) -> None:
    assert _refusal(told | {"escalate_after_minutes": minutes}).startswith("escalate_after_minutes: ")


@pytest.mark.parametrize(
    ("scopes", "external", "fits"),
    [
        ([("chat", True)], False, True),
        ([("chat", True)], True, False),
        ([("external_model", False)], True, False),
        ([("chat", True), ("external_model", True)], True, True),
    ],
)
def test_an_external_model_needs_a_required_scope(
    scopes: list[tuple[str, bool]], external: bool, fits: bool
) -> None:
    text = {"en": "text"}
    consent = ConsentSettings.model_validate(
        {
            "title": text,
            "content": text,
            "footer": text,
            "scopes": [{"name": name, "required": required} for name, required in scopes],
        }
    )
    assert consents_to_connection(consent, external=external) is fits
    demo = parse_study(default_study())
    missing = missing_settings(
        {**_parts(demo), "consent": consent}, demo.help, (), demo=True, external=external
    )
    assert missing == (() if fits else ("consent.scopes.external_model",))


def test_a_file_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(StudyFileInvalid, match="line 2"):
        parse_study('slug = "demo"\ntitle = \nx = 1')


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (("chat", "min_turns"), 31, "chat: min_turns must not exceed max_turns"),
        (("chat", "instructions_for_model"), "Ask.", "chat: instructions_for_model must contain {aspects}"),
        (("camera", "interval_seconds"), 5, "camera: EVENT_DRIVEN needs an event trigger and no interval"),
        (("camera", "colour"), "blue", "camera.colour: Extra inputs are not permitted"),
        (("consent", "scopes"), [], "consent.scopes: "),
        (("questionnaire", "cut_off"), -1, "questionnaire.cut_off: "),
        (("questionnaire", "instrument"), "phq-15", "questionnaire.instrument: "),
        (("presentation", "languages"), ["en", "id"], "questionnaire.instructions has no text in id"),
    ],
)
def test_a_fault_is_told_with_its_path(
    told: dict[str, Any], place: tuple[str, str], value: object, line: str
) -> None:
    told[place[0]][place[1]] = value
    assert line in _refusal(told)


def test_every_fault_is_told_at_once(told: dict[str, Any]) -> None:
    told["questionnaire"]["cut_off"] = -1
    told["camera"]["quality"] = 2
    refusal = _refusal(told)
    assert "questionnaire.cut_off" in refusal
    assert "camera.quality" in refusal


def test_a_category_the_instrument_lacks_is_refused(told: dict[str, Any]) -> None:
    told["questionnaire"]["categories"] = [{"category": "JOY", "wordings": [{"text": {"en": "Joy?"}}]}]
    assert "JOY is no category of PHQ-9" in _refusal(told)


def test_a_category_named_twice_is_refused(told: dict[str, Any]) -> None:
    own = {"category": "FATIGUE", "wordings": [{"text": {"en": "Being tired"}}]}
    told["questionnaire"]["categories"] = [own, own]
    assert "named twice" in _refusal(told)


@pytest.mark.parametrize("grade", ["official", "validated_translation"])
def test_a_reworded_item_cannot_be_called_official(told: dict[str, Any], grade: str) -> None:
    wording = {"text": {"en": "Being tired"}, "provenance": grade, "source": "somewhere"}
    told["questionnaire"]["categories"] = [{"category": "FATIGUE", "wordings": [wording]}]
    assert "questionnaire.categories.FATIGUE.wordings.0: differs from the official" in _refusal(told)


def test_a_translation_cannot_be_called_validated_without_a_source(told: dict[str, Any]) -> None:
    wording = {"text": {"id": "Merasa lelah"}, "provenance": "validated_translation"}
    told["questionnaire"]["categories"] = [{"category": "FATIGUE", "wordings": [wording]}]
    assert "needs a source" in _refusal(told)


def _in_indonesian_too(told: dict[str, Any]) -> dict[str, Any]:
    def both(entry: object) -> None:
        if isinstance(entry, dict):
            if "en" in entry:
                entry["id"] = "kata"
            for inner in entry.values():
                both(inner)

    both(told)
    told["presentation"]["languages"] = ["en", "id"]
    return told


def test_a_language_the_instrument_does_not_speak_needs_the_words_of_the_study(told: dict[str, Any]) -> None:
    refusal = _refusal(_in_indonesian_too(told))
    assert "PHQ-9 has no stem in id" in refusal
    assert "questionnaire.scale: there are no labels in id" in refusal
    assert "questionnaire.difficulty_scale: there are no labels in id" in refusal
    assert "FATIGUE has no wording in id" in refusal
    assert "FUNCTIONAL_DIFFICULTY has no wording in id" in refusal
    assert " in en" not in refusal


def test_a_questionnaire_without_words_is_missing_where_languages_were_added_later(demo: StudyFile) -> None:
    assert demo.presentation is not None
    later = demo.presentation.model_copy(update={"languages": ("en", "id")})
    parts = {**_parts(demo), "presentation": later}
    assert missing_settings(parts, demo.help, (), demo=True, external=False) == ("questionnaire.wordings",)


def test_a_study_without_presentation_is_read_and_reported_as_incomplete(told: dict[str, Any]) -> None:
    del told["presentation"]
    study = parse_study(_toml(told))
    assert missing_settings(_parts(study), study.help, (), demo=True, external=False) == ("presentation",)


def test_equal_content_has_one_hash_however_it_was_written(told: dict[str, Any]) -> None:
    backwards = {name: told["camera"][name] for name in reversed(told["camera"])}
    backwards.pop("quality")
    assert content_hash(CameraSettings(**told["camera"])) == content_hash(CameraSettings(**backwards))


def test_the_order_of_languages_does_not_change_the_hash() -> None:
    one, other = ({"en": "Hello", "id": "Halo"}, {"id": "Halo", "en": "Hello"})
    hashes = {
        content_hash(QuestionnaireSettings(cut_off_source="a", instructions=text)) for text in (one, other)
    }
    assert len(hashes) == 1


@given(st.floats(0, 30), st.floats(0, 30))
def test_other_content_has_another_hash(one: float, other: float) -> None:
    def part(cut_off: float) -> QuestionnaireSettings:
        return QuestionnaireSettings(cut_off=cut_off, cut_off_source="a", instructions={"en": "Ü"})

    assert (content_hash(part(one)) == content_hash(part(other))) is (one == other)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_survives_the_way_through_json_with_its_hash(demo: StudyFile, part: Part) -> None:
    before = _parts(demo)[part]
    after = type(before).model_validate(json.loads(json.dumps(as_json(before))))
    assert after == before
    assert content_hash(after) == content_hash(before)
