"""Pictures. A 2xx with kept:true means: the bytes are durable under their name, with a committed row."""

from __future__ import annotations

from quart import Quart


def install(app: Quart) -> None:
    """Add the store and the camera's routes."""
    from quart_assessment.camera.current import install_store
    from quart_assessment.camera.routes import blueprint

    install_store(app)
    app.register_blueprint(blueprint)
