"""The pages and JSON endpoints: one blueprint an audience, thin views over ``workflow``.

::

    app = create_app(open_service(parse_settings(os.environ)))
"""

from signing_service.web.app import create_app

__all__ = ["create_app"]
