Feature: The manners of HTTP
  The six operations are POST requests with JSON; anything else is turned down in an orderly way.

  Scenario Outline: Another method than POST for <operation>
    Given a merchant
    When other methods than POST are tried on the path of "<operation>"
    Then none is carried out
    And each is refused with 405

    Examples:
      | requirement                               | operation               |
      | SIGNUP-PROTOCOL-1 SIGNUP-PROTOCOL-2       | sign up                 |
      | SIGNIN-PROTOCOL-1 SIGNIN-PROTOCOL-2       | sign in                 |
      | ORG-PROTOCOL-1 ORG-PROTOCOL-2             | create organization     |
      | ACTIVE-PROTOCOL-1 ACTIVE-PROTOCOL-2       | set active organization |
      | CUSTOMER-PROTOCOL-1 CUSTOMER-PROTOCOL-2   | create customer         |
      | CHECKOUT-PROTOCOL-1 CHECKOUT-PROTOCOL-2   | create checkout session |

  Scenario Outline: The media type of a "<operation>" request has a parameter or capitals
    Given a merchant
    When a valid "<operation>" request names its media type with a parameter, and in capitals
    Then both are accepted

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

  @API-PROTOCOL-1 @API-PROTOCOL-2
  Scenario: A path that does not exist
    Given a merchant
    When a path is asked for that does not exist
    Then it is refused with a 4xx
    And it is refused with 404
