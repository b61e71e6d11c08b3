Feature: Only a valid token opens a protected operation
  Each protected operation refuses a request that is valid but for its token, and accepts the same request with the
  merchant's own.

  Scenario Outline: <operation> <how>
    Given a merchant
    When a valid "<operation>" request is sent <how>
    Then the request is refused with 401
    And the same request with the merchant's token is accepted

    Examples: Create organization
      | requirement | operation           | how                         |
      | ORG-AUTH-1  | create organization | without a token             |
      | ORG-AUTH-2  | create organization | with a made-up token        |
      | ORG-AUTH-3  | create organization | with spoiled tokens         |
      | ORG-AUTH-4  | create organization | with the token as Basic     |
      | ORG-AUTH-5  | create organization | with an empty bearer token  |

    Examples: Set active organization
      | requirement   | operation               | how                        |
      | ACTIVE-AUTH-1 | set active organization | without a token            |
      | ACTIVE-AUTH-2 | set active organization | with a made-up token       |
      | ACTIVE-AUTH-3 | set active organization | with spoiled tokens        |
      | ACTIVE-AUTH-4 | set active organization | with the token as Basic    |
      | ACTIVE-AUTH-5 | set active organization | with an empty bearer token |

    Examples: Create customer
      | requirement     | operation       | how                        |
      | CUSTOMER-AUTH-1 | create customer | without a token            |
      | CUSTOMER-AUTH-2 | create customer | with a made-up token       |
      | CUSTOMER-AUTH-3 | create customer | with spoiled tokens        |
      | CUSTOMER-AUTH-4 | create customer | with the token as Basic    |
      | CUSTOMER-AUTH-5 | create customer | with an empty bearer token |

    Examples: Create checkout session
      | requirement     | operation               | how                        |
      | CHECKOUT-AUTH-1 | create checkout session | without a token            |
      | CHECKOUT-AUTH-2 | create checkout session | with a made-up token       |
      | CHECKOUT-AUTH-3 | create checkout session | with spoiled tokens        |
      | CHECKOUT-AUTH-4 | create checkout session | with the token as Basic    |
      | CHECKOUT-AUTH-5 | create checkout session | with an empty bearer token |

  Scenario Outline: The scheme of the token in other letters, and two blanks, for "<operation>"
    Given a merchant
    When a valid "<operation>" request has its token behind "bEaReR" and two blanks
    Then it is accepted

    Examples:
      | requirement     | operation               |
      | ORG-AUTH-6      | create organization     |
      | ACTIVE-AUTH-6   | set active organization |
      | CUSTOMER-AUTH-6 | create customer         |
      | CHECKOUT-AUTH-6 | create checkout session |

  Scenario Outline: Tokens that somebody could make up for "<operation>"
    Given a merchant
    When a valid "<operation>" request has each token that somebody could make up
    Then none of them is carried out
    And the same request with the merchant's token is accepted

    Examples:
      | requirement     | operation               |
      | ORG-AUTH-30     | create organization     |
      | ACTIVE-AUTH-30  | set active organization |
      | CUSTOMER-AUTH-30| create customer         |
      | CHECKOUT-AUTH-30| create checkout session |

  Scenario Outline: The token of "<operation>" elsewhere than in its header
    Given a merchant
    When a valid "<operation>" request has the token anywhere but in its header
    Then none of them is carried out
    And the same request with the merchant's token is accepted

    Examples:
      | requirement     | operation               |
      | ORG-AUTH-31     | create organization     |
      | ACTIVE-AUTH-31  | set active organization |
      | CUSTOMER-AUTH-31| create customer         |
      | CHECKOUT-AUTH-31| create checkout session |

  Scenario Outline: Other spellings of the path of "<operation>"
    Given a merchant
    When a valid "<operation>" request without a token is sent to other spellings of the path
    Then none of them is carried out
    And the same request with the merchant's token is accepted

    Examples:
      | requirement     | operation               |
      | ORG-AUTH-32     | create organization     |
      | ACTIVE-AUTH-32  | set active organization |
      | CUSTOMER-AUTH-32| create customer         |
      | CHECKOUT-AUTH-32| create checkout session |
