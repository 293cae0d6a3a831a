"""The store: tables, transactions, the ledger and its guard, on SQLite and PostgreSQL.

Example::

    guard = Guard(Path("var/guard/checkpoint"))
    database = Database("sqlite:///var/service.db", guard=guard)
    upgrade(database)
    with database.begin() as session:
        people.add(session, name="Achara Suwan", email="achara@mekong.example", now=now)
        appended = ledger.append(session, "service", "release", {"version": "1.0", "assets": {}}, now)
    checkpoint = publisher.publish(database, guard, signer, now)
"""
