"""The whole ceremony over real HTTP in a terminal: publish, sign, countersign, download, verify.

Everybody in it is software: an HTTP client in place of a browser, a fresh key in its memory. It makes the same
requests and the same checks as the page does, so it is also the smallest complete client to read::

    run_ceremony(parties=12, folder=Path("var/ceremony"))
"""
