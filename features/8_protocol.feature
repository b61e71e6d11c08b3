Feature: The manners of HTTP
  The six operations are POST requests with JSON; anything else is turned down in an orderly way.

  Scenario Outline: Another method than POST for <operation>
    Given a merchant
    When other methods than POST are tried on the path of "<operation>"
    Then none is carried out
    And each is refused with 404 or 405
    And a 405 names POST as allowed

    Examples:
      | requirement | operation |
      | SIGNUP-PROTOCOL-1 SIGNUP-PROTOCOL-2 SIGNUP-PROTOCOL-50 | sign up                 |
      | SIGNIN-PROTOCOL-1 SIGNIN-PROTOCOL-2 SIGNIN-PROTOCOL-50 | sign in                 |
      | ORG-PROTOCOL-1 ORG-PROTOCOL-2 ORG-PROTOCOL-50 | create organization     |
      | ACTIVE-PROTOCOL-1 ACTIVE-PROTOCOL-2 ACTIVE-PROTOCOL-50 | set active organization |
      | CUSTOMER-PROTOCOL-1 CUSTOMER-PROTOCOL-2 CUSTOMER-PROTOCOL-50 | create customer         |
      | CHECKOUT-PROTOCOL-1 CHECKOUT-PROTOCOL-2 CHECKOUT-PROTOCOL-50 | create checkout session |

  Scenario Outline: The media type of a "<operation>" request has a parameter or capitals
    Given a merchant
    When a valid "<operation>" request names its media type with a parameter, and in capitals
    Then it is accepted

    Examples:
      | requirement         | operation               |
      | SIGNUP-PROTOCOL-3   | sign up                 |
      | SIGNIN-PROTOCOL-3   | sign in                 |
      | ORG-PROTOCOL-3      | create organization     |
      | ACTIVE-PROTOCOL-3   | set active organization |
      | CUSTOMER-PROTOCOL-3 | create customer         |
      | CHECKOUT-PROTOCOL-3 | create checkout session |

  Scenario Outline: The body of a "<operation>" request comes in chunks
    Given a merchant
    When a valid "<operation>" request is sent in chunks
    Then it is accepted

    Examples:
      | requirement         | operation               |
      | SIGNUP-PROTOCOL-4   | sign up                 |
      | SIGNIN-PROTOCOL-4   | sign in                 |
      | ORG-PROTOCOL-4      | create organization     |
      | ACTIVE-PROTOCOL-4   | set active organization |
      | CUSTOMER-PROTOCOL-4 | create customer         |
      | CHECKOUT-PROTOCOL-4 | create checkout session |

  Scenario Outline: A "<operation>" request as other clients write it
    Given a merchant
    When a valid "<operation>" request is written as other clients write it
    Then it is accepted

    Examples:
      | requirement         | operation               |
      | SIGNUP-PROTOCOL-5   | sign up                 |
      | SIGNIN-PROTOCOL-5   | sign in                 |
      | ORG-PROTOCOL-5      | create organization     |
      | ACTIVE-PROTOCOL-5   | set active organization |
      | CUSTOMER-PROTOCOL-5 | create customer         |
      | CHECKOUT-PROTOCOL-5 | create checkout session |

  @API-PROTOCOL-1 @API-PROTOCOL-2
  Scenario: A path that does not exist
    Given a merchant
    When a path is asked for that does not exist
    Then it is refused with a 4xx
    And it is refused with 404 or 405

  Scenario Outline: An unreadable "<operation>" request of a client that would rather have HTML
    Given a merchant
    When a "<operation>" request that cannot be read comes from a client that would rather have HTML
    Then it is refused as JSON, without a 5xx

    Examples:
      | requirement                                                     | operation               |
      | SIGNUP-STATUS-3 SIGNUP-ERROR-1 SIGNUP-ERROR-2 SIGNUP-ERROR-4    | sign up                 |
      | SIGNIN-STATUS-3 SIGNIN-ERROR-1 SIGNIN-ERROR-2 SIGNIN-ERROR-4    | sign in                 |
      | ORG-STATUS-3 ORG-ERROR-1 ORG-ERROR-2 ORG-ERROR-4                | create organization     |
      | ACTIVE-STATUS-3 ACTIVE-ERROR-1 ACTIVE-ERROR-2 ACTIVE-ERROR-4    | set active organization |
      | CUSTOMER-STATUS-3 CUSTOMER-ERROR-1 CUSTOMER-ERROR-2 CUSTOMER-ERROR-4 | create customer    |
      | CHECKOUT-STATUS-3 CHECKOUT-ERROR-1 CHECKOUT-ERROR-2 CHECKOUT-ERROR-4 | create checkout session |

  Scenario Outline: The URL of a "<operation>" request does not go before its body
    Given a merchant
    And another merchant
    When a "<operation>" request names another merchant in its URL
    Then the URL changes nothing

    Examples:
      | requirement                                        | operation               |
      | CUSTOMER-ECHO-1 CUSTOMER-ECHO-3                    | create customer         |
      | CHECKOUT-ECHO-1 CHECKOUT-ECHO-2 CHECKOUT-ECHO-3    | create checkout session |
