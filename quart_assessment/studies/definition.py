"""What a study file says: the settings of a study, part by part, checked when it is loaded.

Each part (questionnaire, chat, camera, consent, presentation) is kept as an immutable numbered version.
Hotlines, help texts and contacts are live: they may change at any time and are not part of a version.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from quart_assessment.settings import checked_mail_address
from quart_assessment.studies.instruments import InstrumentCode, Provenance

Part = Literal["questionnaire", "chat", "camera", "consent", "presentation"]
PARTS: tuple[Part, ...] = get_args(Part)
Scope = Literal["questionnaire", "chat", "camera", "external_model"]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(_without_nul)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_without_nul)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
MailAddress = Annotated[str, AfterValidator(checked_mail_address)]
MailLanguage = Literal["en", "id"]
Localised = dict[Language, Text]


def in_language(texts: Localised, language: str) -> str:
    """Give a text in a language, in another one of its own where it has none in this."""
    return texts.get(language) or next(iter(texts.values()))


class Model(BaseModel):
    """A part of the file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sourced(Model):
    """Something whose words come from somewhere: a better grade than the study's own names its source."""

    provenance: Provenance = "study_wording"
    source: Line | None = None

    @model_validator(mode="after")
    def _names_its_source(self) -> Self:
        if self.provenance != "study_wording" and self.source is None:
            raise ValueError(f"provenance {self.provenance} needs a source")
        return self


class WordingSetting(Sourced):
    """One wording of a category's question, or of the stem, in one or more languages."""

    text: Localised = Field(min_length=1)


class CategorySetting(Model):
    """The study's own wordings of a category, beside or instead of the instrument's."""

    category: Line
    wordings: tuple[WordingSetting, ...] = Field(min_length=1, max_length=50)
    keep_official: bool = False


class ScaleSetting(Sourced):
    """A scale of the study's own; other values or words than the published ones modify the instrument."""

    min: int = Field(ge=-100, le=100)
    max: int = Field(ge=-100, le=100)
    labels: dict[Language, dict[str, Line]]

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min must lie below max")
        wanted = {str(value) for value in range(self.min, self.max + 1)}
        for language, labels in self.labels.items():
            if set(labels) != wanted:
                raise ValueError(f"labels.{language} must name each value from min to max")
        return self


class QuestionnaireSettings(Model):
    """Which instrument is asked, and how its questions are drawn.

    `stem`, `scale` and `difficulty_scale` take the place of the instrument's own in the languages they name.
    `ask_difficulty` has no effect on an instrument without that item (GAD-7).
    """

    instrument: InstrumentCode = "phq-9"
    stem: WordingSetting | None = None
    categories: tuple[CategorySetting, ...] = ()
    questions_per_category: int = Field(1, ge=1, le=10)
    randomize_categories: bool = False
    ask_difficulty: bool = True
    optional_items: bool = False
    scale: ScaleSetting | None = None
    difficulty_scale: ScaleSetting | None = None
    cut_off: float = Field(10, ge=0)
    cut_off_source: Line
    show_score: bool = False
    show_severity: bool = False
    instructions: Localised

    @model_validator(mode="after")
    def _names_each_category_once(self) -> Self:
        names = [setting.category for setting in self.categories]
        if len(names) != len(set(names)):
            raise ValueError("categories: a category is named twice")
        return self


class Aspect(Model):
    """One aspect of depression the interview should touch; `questions` are the script's about it, by language."""

    name: Line
    description: Text
    questions: dict[Language, Annotated[tuple[Line, ...], Field(min_length=1, max_length=2)]] | None = None


class ChatSettings(Model):
    """The interview: what the model is told, what the participant reads, and when it ends."""

    connection: Slug = "default"
    fallback: Literal["scripted"] | None = None
    instructions: Localised
    instructions_for_model: Text
    persona: Text | None = None
    aspects: tuple[Aspect, ...] = Field(min_length=1, max_length=50)
    greeting: Localised | None = None
    min_turns: int = Field(2, ge=0, le=200)
    max_turns: int = Field(30, ge=1, le=200)
    policy: Literal["continue", "pause", "end"] = "continue"
    after_risk_answer: Literal["continue", "skip"] = "continue"
    second_check: bool = False
    temperature: float = Field(0.7, ge=0, le=2)
    turns_a_session: int = Field(600, ge=1, le=10_000)
    model_calls_a_session: int = Field(300, ge=1)
    model_tokens_a_session: int = Field(1_000_000, ge=1, le=10**12)
    model_calls_a_day: int = Field(20_000, ge=1)
    model_tokens_a_day: int = Field(20_000_000, ge=1, le=10**12)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if "{aspects}" not in self.instructions_for_model:
            raise ValueError("instructions_for_model must contain {aspects}")
        if self.min_turns > self.max_turns:
            raise ValueError("min_turns must not exceed max_turns")
        if self.max_turns > self.turns_a_session:
            raise ValueError("max_turns must not exceed turns_a_session")
        return self

    def greeting_in(self, language: str) -> str | None:
        """Give the study's own greeting, in another of its languages where it has none in this one."""
        return None if self.greeting is None else in_language(self.greeting, language).strip()


class CameraSettings(Model):
    """When pictures are taken. INTERVAL and EVENT_DRIVEN exclude each other."""

    recording_mode: Literal["OFF", "INTERVAL", "EVENT_DRIVEN"]
    interval_seconds: int | None = Field(None, ge=1, le=60)
    capture_on_button_click: bool = False
    capture_on_message_send: bool = False
    capture_on_question_start: bool = False
    allow_manual: bool = True
    resolution: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$")] = "1280x720"
    quality: float = Field(0.8, gt=0, le=1)
    min_spacing_ms: int = Field(500, ge=0)
    max_captures: int = Field(2000, ge=1)
    check: Literal["required", "optional", "off"] = "optional"

    @model_validator(mode="after")
    def _modes_exclude_each_other(self) -> Self:
        events = (
            self.capture_on_button_click or self.capture_on_message_send or self.capture_on_question_start
        )
        if self.recording_mode == "INTERVAL" and (self.interval_seconds is None or events):
            raise ValueError("INTERVAL needs interval_seconds and no event trigger")
        if self.recording_mode == "EVENT_DRIVEN" and (self.interval_seconds is not None or not events):
            raise ValueError("EVENT_DRIVEN needs an event trigger and no interval_seconds")
        if self.recording_mode == "OFF" and (self.interval_seconds is not None or events):
            raise ValueError("OFF takes neither interval_seconds nor an event trigger")
        return self


class ScopeSetting(Model):
    """One thing a participant agrees to."""

    name: Scope
    required: bool


class ConsentSettings(Model):
    """The consent text, and the scopes it asks for."""

    title: Localised
    content: Localised
    footer: Localised
    scopes: tuple[ScopeSetting, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_each_scope_once(self) -> Self:
        names = [scope.name for scope in self.scopes]
        if len(names) != len(set(names)):
            raise ValueError("a scope is named twice")
        return self


class PresentationSettings(Model):
    """What the page shows around the parts, and how sessions are counted and ordered."""

    phq_layout: Literal["one", "all"] = "one"
    order: Literal["balanced", "phq_first", "chat_first"] = "balanced"
    swap_order_each_visit: bool = False
    welcome: Localised
    instructions: Localised
    cooldown: Localised
    thanks: Localised
    languages: tuple[Language, ...] = Field(("en",), min_length=1)
    visits: int = Field(1, ge=1, le=10_000)
    days_between_visits: float = Field(0, ge=0)
    sessions_a_visit: int = Field(3, ge=1, le=100_000)
    hours_to_finish: float = Field(24, gt=0, le=24 * 60)
    restart: tuple[Literal["all", "phq", "chat"], ...] = ("all", "phq", "chat")


class HotlineSetting(Model):
    """Where a person in need can turn to."""

    name: Line
    phone: Line | None = None
    url: Line | None = None
    hours: Line | None = None


class HelpSettings(Model):
    """Live: the help text after a risk answer or message, approved by a clinician."""

    text: Localised
    reply: Localised
    short_reply: Localised
    approved_by: Line | None = None
    approved_on: date | None = None
    placeholder: bool = False
    hotlines: tuple[HotlineSetting, ...] = Field(min_length=1)


class ContactSetting(Model):
    """Live: who of the study is told of an alert: the first at once, the others if nobody acknowledges it in time."""

    name: Line
    email: MailAddress | None = None
    language: MailLanguage = "en"


class StudyFile(Model):
    """A whole study. A part that is left out is missing, and no session can start until it is there."""

    slug: Slug
    title: Line
    demo: bool = False
    registration: bool = False
    invitation_once: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    questionnaire: QuestionnaireSettings | None = None
    chat: ChatSettings | None = None
    camera: CameraSettings | None = None
    consent: ConsentSettings | None = None
    presentation: PresentationSettings | None = None
    help: HelpSettings | None = None
    contacts: tuple[ContactSetting, ...] = Field((), max_length=5)
    escalate_after_minutes: int = Field(30, ge=1, le=7 * 24 * 60)

    @model_validator(mode="after")
    def _speaks_every_language(self) -> Self:
        if self.presentation is None:
            return self
        wanted = set(self.presentation.languages)
        for where, text in self._localised():
            if missing := wanted - set(text):
                raise ValueError(f"{where} has no text in {', '.join(sorted(missing))}")
        return self

    def _localised(self) -> list[tuple[str, Localised]]:
        parts = {name: getattr(self, name) for name in (*PARTS, "help")}
        return [
            (f"{name}.{field}", value)
            for name, part in parts.items()
            if part is not None
            for field in type(part).model_fields
            if isinstance(value := getattr(part, field), dict)
        ]
