"""What a researcher configures: immutable numbered versions of a study's settings, live help, who takes part."""
