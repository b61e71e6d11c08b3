"""The reference: what the sandbox does at each seam where no fault and no variant is switched on."""

from __future__ import annotations

from sandbox import errors, identity, policies, presentation, reading, validation
from sandbox.behaviour import Behaviour
from sandbox.model import AUTHENTICATION, PROTECTED, SIGN_IN, SIGN_UP

REFERENCE = Behaviour(
    fields=validation.FIELDS,
    refusals=errors.REFUSALS,
    write_problem=errors.write_in_shape_of_the_path,
    parse=reading.parse,
    form_accepted=frozenset({SIGN_UP, SIGN_IN}),
    json_type=reading.is_json,
    mind_origin=policies.refuse_other_origins,
    mind_callback=policies.refuse_absolute_callback,
    protected=PROTECTED,
    validates_first=AUTHENTICATION,
    find_session=policies.find_session,
    open_session=policies.open_session,
    token_header=policies.token_header,
    new_id=policies.new_id,
    timestamp=presentation.utc_milliseconds,
    email_stored=policies.lower_case,
    email_lookup=policies.lower_case,
    email_sought=policies.lower_case,
    password_key=identity.password_key,
    taken_email=policies.refuse_taken_email,
    may_activate=policies.is_member,
    activate=policies.activate,
    activation_refused=policies.clear_active,
    may_use=policies.is_member,
    may_attach=policies.same_merchant,
    existing=policies.attach_existing,
    none=policies.attach_none,
    inline=policies.attach_inline,
    two_options=policies.refuse_two_options,
)
