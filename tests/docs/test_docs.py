"""What the documents list is what the code has: nothing missing, nothing that is gone."""

import importlib
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel, SecretStr

import quart_assessment
from quart_assessment import measures
from quart_assessment.app import create_app
from quart_assessment.chat.connections_file import Entry
from quart_assessment.cli.main import VERBS
from quart_assessment.database.schema import metadata
from quart_assessment.problems import Problem
from quart_assessment.settings import Settings
from quart_assessment.studies import definition

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "quart_assessment"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
MADE_BY_A_RUN = {"docs/proof.md", "var/demo.json", "VAR_DIR/demo.json", "VAR_DIR/postgresql.json"}
# Reads the environment and makes no class of ours.
NOT_IMPORTED = {"quart_assessment.serving.gunicorn_conf"}
VERBS_OF_THE_NOTES = (
    "get_session",
    "update_response",
    "save_session_responses",
    "create_conversation_turn",
    "save_message",
    "get_camera_settings_for_session",
    "create_settings_snapshot",
    "should_capture_on_trigger",
    "save_capture",
    "create_batch_capture",
    "link_incremental_captures",
)
STUDY_TABLES: dict[str, type[BaseModel]] = {
    "The study": definition.StudyFile,
    "[questionnaire]": definition.QuestionnaireSettings,
    "[[questionnaire.categories]]": definition.CategorySetting,
    "[[questionnaire.categories.wordings]]": definition.WordingSetting,
    "[questionnaire.scale]": definition.ScaleSetting,
    "[chat]": definition.ChatSettings,
    "[[chat.aspects]]": definition.Aspect,
    "[camera]": definition.CameraSettings,
    "[consent]": definition.ConsentSettings,
    "[[consent.scopes]]": definition.ScopeSetting,
    "[presentation]": definition.PresentationSettings,
    "[help]": definition.HelpSettings,
    "[[help.hotlines]]": definition.HotlineSetting,
    "[[contacts]]": definition.ContactSetting,
}


def page(name: str) -> str:
    return (DOCS / name).read_text()


def sections(text: str) -> dict[str, str]:
    """Give the text under each second heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip((title.strip("`") for title in parts[::2]), parts[1::2], strict=True))


def rows(text: str) -> dict[str, list[str]]:
    """Give the cells of each table row that opens with a `name`, by that name."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and (name := re.fullmatch(r"`([^`]+)`", cells[0])):
            assert name[1] not in found, f"{name[1]} is listed twice"
            found[name[1]] = cells[1:]
    return found


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(quart_assessment.__path__, "quart_assessment."):
        if module.name not in NOT_IMPORTED:
            yield module.name


def problems(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    for below in kind.__subclasses__():
        yield below
        yield from problems(below)


def test_every_setting_stands_in_operations_with_its_default() -> None:
    listed = {name: cells[0] for name, cells in rows(sections(page("operations.md"))["Settings"]).items()}
    wanted = {name.upper(): shown(field.default) for name, field in Settings.model_fields.items()}
    assert set(listed) == set(wanted)
    assert {name: cell for name, cell in listed.items() if not cell.startswith(wanted[name])} == {}


def shown(default: object) -> str:
    if default is None:
        return "unset"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_key_of_a_connection_stands_in_operations() -> None:
    listed = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \|", sections(page("operations.md"))["Models"], re.MULTILINE
    )
    assert {name for cell in listed for name in re.findall(r"\w+", cell)} == set(Entry.model_fields)


def test_every_metric_stands_in_operations_with_its_labels() -> None:
    wanted = {}
    for metric in vars(measures).values():
        if isinstance(metric, MetricWrapperBase):
            (described,) = metric.describe()
            ending = "_total" if described.type == "counter" else ""
            wanted[described.name + ending] = (described.type, *metric._labelnames)
    for read in measures.of_jobs({}, {}, 0):
        ending = "_total" if read.type == "counter" else ""
        wanted[read.name + ending] = (read.type, *getattr(read, "_labelnames", ()))
    listed = rows(sections(page("operations.md"))["Metrics"])
    assert set(listed) == set(wanted)
    for name, (kind, *labels) in wanted.items():
        for word in (kind, *(f"`{label}`" for label in labels)):
            assert word in listed[name][0], name


def test_every_problem_stands_in_operations_with_its_status_and_sentence() -> None:
    for module in modules():
        importlib.import_module(module)
    wanted = {
        (str(problem.status), f"`{problem.code}`", (problem.__doc__ or "").splitlines()[0])
        for problem in problems()
        if problem.__module__.startswith("quart_assessment.")
    }
    listed = set(re.findall(r"^\| (\d{3}) \| (`\w+`) \| (.+) \|$", page("operations.md"), re.MULTILINE))
    assert listed == wanted


def test_every_call_stands_in_http_and_in_the_openapi_document() -> None:
    app = create_app(Settings(secret_key=SecretStr("x" * 32)))
    calls = {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = re.findall(r"`(GET|POST|PUT|DELETE|PATCH) (/[^`]*)`", page("http.md"))
    assert {(method, re.sub(r"\{[^}]+\}", "{}", path)) for method, path in told} == calls
    document = json.loads(app.extensions["openapi.json"])
    described = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert described == {call for call in calls if call[1].startswith(("/api", "/assessment"))}


def test_every_table_and_column_stands_in_the_data_dictionary() -> None:
    listed = {table: set(rows(text)) for table, text in sections(page("data-dictionary.md")).items()}
    for module in modules():
        if module.endswith(".tables"):
            importlib.import_module(module)
    assert listed == {table.name: set(table.columns.keys()) for table in metadata.tables.values()}


def test_every_field_of_a_study_stands_in_its_page() -> None:
    models = {
        model
        for model in vars(definition).values()
        if isinstance(model, type) and issubclass(model, definition.Model) and model.model_fields
    }
    assert models - {definition.Sourced} == set(STUDY_TABLES.values())
    found = sections(page("study-file.md"))
    listed = {table: rows(found[table]) for table in STUDY_TABLES}
    for table, model in STUDY_TABLES.items():
        assert set(listed[table]) == set(model.model_fields), table
        wrong = {
            name: cells[0]
            for name, cells in listed[table].items()
            if not says_default(cells[0], model.model_fields[name])
        }
        assert wrong == {}, table


def says_default(cell: str, field: Any) -> bool:
    if field.is_required():
        return cell == "required"
    default = field.default
    if default is None or default == ():
        return cell in ("none", "missing", "the instrument's")
    value = list(default) if isinstance(default, tuple) else default
    return cell == f"`{json.dumps(value)}`"


def test_every_dependency_stands_in_its_page_with_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"].get("optional-dependencies", {}).values():
        wanted += extra
    for group in groups.values():
        wanted += [one for one in group if isinstance(one, str)]
    page_parts = json.loads((ROOT / "frontend" / "package.json").read_text())
    wanted += [*page_parts["dependencies"], *page_parts["devDependencies"]]
    names = {re.split(r"[\[<>=! ]", one)[0] for one in wanted}
    listed = rows(page("dependencies.md"))
    assert set(listed) == names
    assert [name for name, cells in listed.items() if not cells[0]] == []


def test_every_verb_of_the_command_line_stands_in_the_readme_and_in_operations() -> None:
    for text in ((ROOT / "README.md").read_text(), page("operations.md")):
        assert [
            verb for verb in VERBS if f"`{verb}`" not in text and f"quart-assessment {verb}" not in text
        ] == []


def test_every_verb_of_the_notes_stands_beside_ours() -> None:
    text = sections(page("from-the-notes.md"))["Verbs"]
    assert [
        verb for verb in VERBS_OF_THE_NOTES if not re.search(rf"^\| `[\w.]*\b{verb}", text, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_a_page_names_of_the_code_exists(path: Path) -> None:
    text = path.read_text()
    rooms = {module.name for module in pkgutil.iter_modules(quart_assessment.__path__)}
    places = [
        name
        for name in re.findall(r"`([a-z_]+(?:\.\w+)+)`", text)
        if name.split(".")[0] in rooms and not name.endswith((".py", ".toml", ".json"))
    ]
    files = set(re.findall(r"`(\w+(?:/[\w.-]+)+\.(?:py|toml|json|md))`", text)) - MADE_BY_A_RUN
    assert [name for name in places if not exists(name)] == []
    assert [name for name in files if not ((ROOT / name).exists() or (PACKAGE / name).exists())] == []


def exists(name: str) -> bool:
    """Tell whether `room.module.attribute` (or a module, or an attribute's attribute) is there."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["quart_assessment", *parts[:split]]))
        except ModuleNotFoundError:
            continue
        for part in parts[split:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
