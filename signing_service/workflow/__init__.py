"""The use cases: one public function is one undertaking, in one transaction, without Flask.

Every function takes the :class:`~signing_service.workflow.service.Service` first. Example::

    attempt = begin_attempt(service, person_id, agreement_id, "njupt:president", TypedMark("Ye"), "en")
"""
