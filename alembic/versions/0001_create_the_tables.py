"""create the tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('participant', 'researcher', 'admin')", name=op.f("ck_accounts_role")),
        sa.CheckConstraint(
            "char_length(username) BETWEEN 1 AND 64", name=op.f("ck_accounts_username_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index("uq_accounts_username", "accounts", [sa.literal_column("lower(username)")], unique=True)
    op.create_table(
        "login_failures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("who_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("\"of\" IN ('account', 'address')", name=op.f("ck_login_failures_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index("ix_login_failures_who", "login_failures", ["who_hash", "failed_at"], unique=False)
    op.create_table(
        "studies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("registration", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("invitation_once", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "order_block", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
        sa.UniqueConstraint("slug", name=op.f("uq_studies_slug")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column(
            "facts",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_events_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_account_id", "audit_events", ["account_id", "at"], unique=False)
    op.create_index("ix_audit_events_session_id", "audit_events", ["session_id"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("first_part", sa.Text(), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("first_part IN ('phq', 'chat')", name=op.f("ck_enrolments_first_part")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_enrolments_account_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_enrolments_study_id")),
        sa.PrimaryKeyConstraint("study_id", "account_id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("study_id", "code", name=op.f("uq_enrolments_study_id_code")),
    )
    op.create_index("ix_enrolments_account_id", "enrolments", ["account_id"], unique=False)
    op.create_table(
        "help_texts",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_help_texts_study_id")),
        sa.PrimaryKeyConstraint("study_id", "version", name=op.f("pk_help_texts")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_invitations_token_hash_length")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_invitations_account_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_invitations_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_table(
        "logins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("idle_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_logins_token_hash_length")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_logins_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_logins_token_hash")),
    )
    op.create_index("ix_logins_account_id", "logins", ["account_id"], unique=False)
    op.create_table(
        "study_contacts",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_contacts_study_id")),
        sa.PrimaryKeyConstraint("study_id", "position", name=op.f("pk_study_contacts")),
    )
    op.create_table(
        "study_settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "part IN ('questionnaire', 'chat', 'camera', 'consent', 'presentation')",
            name=op.f("ck_study_settings_part"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_settings_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_settings")),
        sa.UniqueConstraint(
            "study_id", "part", "number", name=op.f("uq_study_settings_study_id_part_number")
        ),
    )
    op.create_table(
        "study_staff",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_study_staff_account_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_staff_study_id")),
        sa.PrimaryKeyConstraint("study_id", "account_id", name=op.f("pk_study_staff")),
    )
    op.create_table(
        "study_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Uuid(), nullable=True),
        sa.Column("chat_id", sa.Uuid(), nullable=True),
        sa.Column("camera_id", sa.Uuid(), nullable=True),
        sa.Column("consent_id", sa.Uuid(), nullable=True),
        sa.Column("presentation_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["study_settings.id"], name=op.f("fk_study_versions_camera_id")
        ),
        sa.ForeignKeyConstraint(["chat_id"], ["study_settings.id"], name=op.f("fk_study_versions_chat_id")),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["study_settings.id"], name=op.f("fk_study_versions_consent_id")
        ),
        sa.ForeignKeyConstraint(
            ["presentation_id"], ["study_settings.id"], name=op.f("fk_study_versions_presentation_id")
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["study_settings.id"], name=op.f("fk_study_versions_questionnaire_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_versions_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_versions")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_study_versions_study_id_number")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("study_version_id", sa.Uuid(), nullable=False),
        sa.Column("client_key", sa.Uuid(), nullable=True),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("first_part", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_scopes", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column(
            "withdrawn_scopes",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("camera_ok", sa.Boolean(), nullable=True),
        sa.Column("camera_reason", sa.Text(), nullable=True),
        sa.Column("camera_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parts_open_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_state", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "end_state IN ('COMPLETED', 'ABANDONED', 'INCOMPLETE', 'FAILED')",
            name=op.f("ck_sessions_end_state"),
        ),
        sa.CheckConstraint("first_part IN ('phq', 'chat')", name=op.f("ck_sessions_first_part")),
        sa.CheckConstraint(
            "(end_state IS NULL) = (ended_at IS NULL)", name=op.f("ck_sessions_ended_with_a_state")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.ForeignKeyConstraint(["previous_id"], ["sessions.id"], name=op.f("fk_sessions_previous_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_sessions_study_id")),
        sa.ForeignKeyConstraint(
            ["study_version_id"], ["study_versions.id"], name=op.f("fk_sessions_study_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("account_id", "client_key", name=op.f("uq_sessions_account_id_client_key")),
    )
    op.create_index("ix_sessions_study_id", "sessions", ["study_id", "created_at"], unique=False)
    op.create_index(
        "uq_sessions_open",
        "sessions",
        ["account_id", "study_id"],
        unique=True,
        postgresql_where=sa.text("end_state IS NULL"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("session_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("help_version", sa.Integer(), nullable=True),
        sa.Column("help_shown", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'acknowledged') = (acknowledged_at IS NOT NULL)", name=op.f("ck_alerts_acknowledged_at")
        ),
        sa.CheckConstraint("source IN ('phq', 'chat')", name=op.f("ck_alerts_source")),
        sa.CheckConstraint("state IN ('open', 'acknowledged')", name=op.f("ck_alerts_state")),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["accounts.id"], name=op.f("fk_alerts_acknowledged_by")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_alerts_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_opened_at", "alerts", ["opened_at"], unique=False)
    op.create_index("ix_alerts_session_id", "alerts", ["session_id"], unique=False)
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["session_id", "source"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Uuid(), nullable=True),
        sa.Column("instrument", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'phq') = (instrument IS NOT NULL)", name=op.f("ck_assessments_instrument_of_phq")
        ),
        sa.CheckConstraint("kind IN ('phq', 'chat')", name=op.f("ck_assessments_kind")),
        sa.CheckConstraint(
            "(completed_at IS NULL) = (end_reason IS NULL)",
            name=op.f("ck_assessments_completed_for_a_reason"),
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_assessments_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint("session_id", "client_key", name=op.f("uq_assessments_session_id_client_key")),
    )
    op.create_index("ix_assessments_session_id", "assessments", ["session_id"], unique=False)
    op.create_index(
        "uq_assessments_current",
        "assessments",
        ["session_id", "kind"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("accepted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_consents_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_session_id", "consents", ["session_id"], unique=False)
    op.create_table(
        "erasure_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_erasure_requests_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_requests")),
    )
    op.create_index("ix_erasure_requests_session_id", "erasure_requests", ["session_id"], unique=False)
    op.create_table(
        "expected_captures",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("client_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skipped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "trigger IN ('INTERVAL', 'QUESTION_START', 'BUTTON_CLICK', 'MESSAGE_SEND', 'MANUAL')",
            name=op.f("ck_expected_captures_trigger"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_expected_captures_session_id")
        ),
        sa.PrimaryKeyConstraint("session_id", "capture_id", name=op.f("pk_expected_captures")),
    )
    op.create_table(
        "session_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column(
            "facts",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_session_events_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_events")),
    )
    op.create_index("ix_session_events_session_id", "session_events", ["session_id", "at"], unique=False)
    op.create_table(
        "captures",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("capture_type", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("client_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "timing",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("kept", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("store_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "capture_type IN ('PHQ', 'LLM', 'GENERAL')", name=op.f("ck_captures_capture_type")
        ),
        sa.CheckConstraint(
            "trigger IN ('INTERVAL', 'QUESTION_START', 'BUTTON_CLICK', 'MESSAGE_SEND', 'MANUAL')",
            name=op.f("ck_captures_trigger"),
        ),
        sa.CheckConstraint(
            "NOT kept OR (size > 0 AND type IS NOT NULL AND store_key IS NOT NULL AND octet_length(sha256) = 32)",
            name=op.f("ck_captures_kept_is_whole"),
        ),
        sa.CheckConstraint("kept = (code IS NULL)", name=op.f("ck_captures_kept_or_said_why")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_captures_assessment_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_captures_session_id")),
        sa.PrimaryKeyConstraint("session_id", "capture_id", name=op.f("pk_captures")),
    )
    op.create_index("ix_captures_assessment_id", "captures", ["assessment_id"], unique=False)
    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("risk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("scale_min", sa.Integer(), nullable=False),
        sa.Column("scale_max", sa.Integer(), nullable=False),
        sa.Column("labels", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("show_if", sa.Text(), nullable=True),
        sa.Column("loinc", sa.Text(), nullable=True),
        sa.CheckConstraint("show_if IN ('any_above_min')", name=op.f("ck_questions_show_if")),
        sa.CheckConstraint("scale_min < scale_max", name=op.f("ck_questions_scale")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_questions_assessment_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_questions_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("assessment_id", "position", name=op.f("uq_questions_assessment_id_position")),
        sa.UniqueConstraint("session_id", "id", name=op.f("uq_questions_session_id_id")),
    )
    op.create_table(
        "turns",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("turn_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.Column("safety", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("help", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("detector", sa.Text(), nullable=True),
        sa.Column("conversation_ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("client_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "timing",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("first_token_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connection", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('pending', 'streaming')) = (completed_at IS NULL)",
            name=op.f("ck_turns_completed_when_not_running"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'streaming', 'complete', 'stopped', 'interrupted', 'failed')",
            name=op.f("ck_turns_state"),
        ),
        sa.CheckConstraint("asks BETWEEN 0 AND 3", name=op.f("ck_turns_asks")),
        sa.CheckConstraint(
            "turn_number >= 0 AND (turn_number = 0) = (message IS NULL)", name=op.f("ck_turns_turn_number")
        ),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_turns_assessment_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_turns_session_id")),
        sa.PrimaryKeyConstraint("session_id", "message_id", name=op.f("pk_turns")),
        sa.UniqueConstraint("assessment_id", "turn_number", name=op.f("uq_turns_assessment_id_turn_number")),
    )
    op.create_index(
        "uq_turns_running",
        "turns",
        ["assessment_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending', 'streaming')"),
    )
    op.create_table(
        "response_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("after_completion", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("response_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("client_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("help_shown", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "NOT (applied AND after_completion)", name=op.f("ck_response_revisions_applied_before_completion")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_response_revisions_version")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_response_revisions_question_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_response_revisions_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_revisions")),
        sa.UniqueConstraint(
            "session_id",
            "question_id",
            "version",
            "value",
            name="uq_response_revisions_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "responses",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("response_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("client_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("help_shown", sa.Integer(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_responses_version")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_responses_assessment_id")
        ),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=op.f("fk_responses_question_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_responses_session_id")),
        sa.PrimaryKeyConstraint("session_id", "question_id", name=op.f("pk_responses")),
    )
    op.create_index("ix_responses_assessment_id", "responses", ["assessment_id"], unique=False)
    op.create_table(
        "turn_deltas",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("ends_at", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "ends_at >= char_length(text) AND text <> ''", name=op.f("ck_turn_deltas_ends_at")
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "message_id"],
            ["turns.session_id", "turns.message_id"],
            name=op.f("fk_turn_deltas_session_id_message_id"),
        ),
        sa.PrimaryKeyConstraint("session_id", "message_id", "ends_at", name=op.f("pk_turn_deltas")),
    )


def downgrade() -> None:
    op.drop_table("turn_deltas")
    op.drop_index("ix_responses_assessment_id", table_name="responses")
    op.drop_table("responses")
    op.drop_table("response_revisions")
    op.drop_index(
        "uq_turns_running", table_name="turns", postgresql_where=sa.text("state IN ('pending', 'streaming')")
    )
    op.drop_table("turns")
    op.drop_table("questions")
    op.drop_index("ix_captures_assessment_id", table_name="captures")
    op.drop_table("captures")
    op.drop_index("ix_session_events_session_id", table_name="session_events")
    op.drop_table("session_events")
    op.drop_table("expected_captures")
    op.drop_index("ix_erasure_requests_session_id", table_name="erasure_requests")
    op.drop_table("erasure_requests")
    op.drop_index("ix_consents_session_id", table_name="consents")
    op.drop_table("consents")
    op.drop_index(
        "uq_assessments_current", table_name="assessments", postgresql_where=sa.text("replaced_at IS NULL")
    )
    op.drop_index("ix_assessments_session_id", table_name="assessments")
    op.drop_table("assessments")
    op.drop_index("uq_alerts_open", table_name="alerts", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_alerts_session_id", table_name="alerts")
    op.drop_index("ix_alerts_opened_at", table_name="alerts")
    op.drop_table("alerts")
    op.drop_index("uq_sessions_open", table_name="sessions", postgresql_where=sa.text("end_state IS NULL"))
    op.drop_index("ix_sessions_study_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("study_versions")
    op.drop_table("study_staff")
    op.drop_table("study_settings")
    op.drop_table("study_contacts")
    op.drop_index("ix_logins_account_id", table_name="logins")
    op.drop_table("logins")
    op.drop_table("invitations")
    op.drop_table("help_texts")
    op.drop_index("ix_enrolments_account_id", table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_index("ix_audit_events_session_id", table_name="audit_events")
    op.drop_index("ix_audit_events_account_id", table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_table("studies")
    op.drop_index("ix_login_failures_who", table_name="login_failures")
    op.drop_table("login_failures")
    op.drop_index("uq_accounts_username", table_name="accounts")
    op.drop_table("accounts")
