"""Depression assessments that join a questionnaire, an interview and webcam captures on one clock."""
