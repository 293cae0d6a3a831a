"""The application factory: settings of Flask, its extensions, the blueprints, and what every template may use."""

from __future__ import annotations

from threading import BoundedSemaphore

from flask import Flask
from flask_babel import Babel, get_locale
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from limits.strategies import MovingWindowRateLimiter
from werkzeug.middleware.proxy_fix import ProxyFix

from signing_service import resources
from signing_service.store.limits import DatabaseStorage
from signing_service.web import (
    access,
    account,
    api,
    corrections,
    drafting,
    error_pages,
    extension,
    feeds,
    following,
    hall,
    headers,
    known_devices,
    languages,
    names,
    observers,
    offices,
    operations,
    own_account,
    own_certificate,
    paper,
    passkey_pages,
    passkeys,
    public,
    questions,
    record,
    representative,
    request_log,
    rules_form,
    second_factor,
    secretariat,
    service_state,
    signing_table,
    sources,
    spreadsheets,
    table_rules,
    university,
    verification,
    well_known,
    who_signs,
    withdrawal,
)
from signing_service.web.cookies import UndatedSessions
from signing_service.web.files import PageImages
from signing_service.web.form_data import FormRequest
from signing_service.web.measuring import Metrics
from signing_service.web.presentation import FILTERS, GLOBALS
from signing_service.web.proxies import TrustedProxies
from signing_service.web.rules_in_words import rules_in_words
from signing_service.web.scripts import imported
from signing_service.web.session_words import session_words
from signing_service.web.visitor import load_visitor
from signing_service.web.words import signing_words
from signing_service.workflow.service import Service

PAGES = (
    operations,
    public,
    hall,
    account,
    own_account,
    access,
    corrections,
    university,
    representative,
    own_certificate,
    secretariat,
    drafting,
    who_signs,
    offices,
    observers,
    paper,
    extension,
    service_state,
    signing_table,
    feeds,
    api,
    passkeys,
    passkey_pages,
    record,
    verification,
    withdrawal,
    sources,
    spreadsheets,
    questions,
    following,
    rules_form,
    well_known,
)  # the modules with blueprints
MAX_REQUEST = 2 * 1024 * 1024  # bytes; an agreement's source is the largest thing that anybody sends


def create_app(service: Service) -> Flask:
    """Make the application around an opened service. Raises ConfigurationError without a session secret."""
    app = Flask(
        "signing_service.web",
        template_folder=str(resources.templates()),
    )
    app.request_class = FormRequest
    app.session_interface = UndatedSessions()
    _configure(app, service)
    app.extensions["metrics"] = Metrics(service)
    request_log.register(app, app.extensions["metrics"])
    app.extensions["signing_service"] = service
    app.extensions["rate_limits"] = MovingWindowRateLimiter(
        DatabaseStorage(database=service.database, clock=service.clock)
    )
    app.extensions["waiting_room"] = BoundedSemaphore(max(1, service.settings.threads // 4))
    app.extensions["verifying_room"] = verification.room()
    app.extensions["page_images"] = PageImages()
    app.extensions["hall_states"] = hall.States()
    _extend(app)
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    return app


def _configure(app: Flask, service: Service) -> None:
    settings = service.settings
    app.config.update(
        SECRET_KEY=settings.require_session_secret(),
        MAX_CONTENT_LENGTH=MAX_REQUEST,
        MAX_FORM_MEMORY_SIZE=MAX_REQUEST,
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # Strict would drop the session of who follows a link in a mail
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session; people read an agreement for hours
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which we ask browsers not to send; see headers.py
        BABEL_TRANSLATION_DIRECTORIES=str(resources.translations()),
        BABEL_DEFAULT_TIMEZONE="UTC",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(FILTERS | names.FILTERS)
    app.jinja_env.globals.update(GLOBALS, service_name=service.name, get_locale=get_locale, signing_words=signing_words)
    app.jinja_env.globals.update(session_words=session_words, rules_in_words=rules_in_words, imported=imported)
    app.jinja_env.globals.update(passkeys_waiting=passkey_pages.passkeys_waiting)
    app.jinja_env.globals.update(secretariat_contact=settings.secretariat)
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
            app.wsgi_app, ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1), settings.trusted_proxies
        )


def _extend(app: Flask) -> None:
    headers.register(app)
    app.before_request(verification.allow_upload)  # before the token is looked for in the form
    app.before_request(drafting.allow_long_form)
    CSRFProtect(app).exempt(record.timestamp)  # asked by programs, without any cookie
    login = LoginManager(app)
    login.session_protection = None  # the session is a random token that only the database knows
    login.user_loader(load_visitor)
    login.unauthorized_handler(error_pages.unauthorized)
    table_rules.register(app)
    second_factor.register(app)
    known_devices.register(app)
    Babel(app, locale_selector=languages.choose)
    app.context_processor(languages.context)
    error_pages.register(app)
