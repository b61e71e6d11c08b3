Feature: Unusual values are refused or kept
  A target may refuse an unusual value by a policy of its own. What it accepts comes back as it went, wherever it is read.

  Background:
    Given a merchant

  @SIGNUP-ECHO-1 @SIGNUP-ECHO-2 @SIGNUP-ECHO-3 @SIGNIN-ECHO-1 @SIGNIN-ECHO-2 @SIGNIN-ECHO-3 @SIGNIN-ECHO-40
  Scenario Outline: An account with <words>
    When somebody signs up with unusual values (<words>) and signs in
    Then the responses repeat what was sent

    Examples:
      | words                                                 |
      | a name of 256 characters                              |
      | a name of 64 characters and a plus-addressed e-mail   |
      | a name of 100 characters and capitals in the e-mail   |
      | a name of digits and an image                         |
      | inner blanks in the name and an e-mail of a subdomain |
      | markup in the name and a long e-mail                  |

  @SIGNUP-ECHO-1 @SIGNUP-ECHO-2 @SIGNUP-ECHO-3 @SIGNIN-ECHO-1 @SIGNIN-ECHO-2 @SIGNIN-ECHO-3 @SIGNIN-ECHO-40 @SIGNIN-TOKEN-2
  Scenario Outline: An account and its session, with <words>
    When somebody signs up with unusual values (<words>) and signs in
    Then the responses repeat what was sent
    And the token of each sign-in opens a session

    Examples:
      | words                                             |
      | a name with emoji and an apostrophe in the e-mail |
      | a name and a password in scripts                  |

  @ORG-ECHO-1 @ORG-ECHO-2 @ORG-ECHO-3 @ORG-ECHO-4 @ACTIVE-ECHO-2 @ACTIVE-ECHO-3 @ACTIVE-ECHO-40 @ACTIVE-ECHO-41
  Scenario Outline: An organization of unusual values: <words>
    When the merchant creates an organization with unusual values (<words>)
    Then each organization that was created can be made active, and is shown as it was sent

    Examples:
      | words                                                               |
      | digits as text                                                      |
      | a name of 64 characters, values of other types and dots in the slug |
      | a name of 100 characters and odd keys                               |
      | a name of 255 characters and long texts                             |
      | a name of 256 characters, nested values and a long slug             |
      | markup                                                              |
      | a name with emoji and empty metadata                                |

  @ORG-ECHO-1 @ORG-ECHO-2 @ORG-ECHO-3 @ORG-ECHO-4 @ACTIVE-ECHO-2 @ACTIVE-ECHO-3 @ACTIVE-ECHO-40 @ACTIVE-ECHO-41 @ORG-UNIQUE-2
  Scenario: An organization of unusual values, with capitals in its slug
    When the merchant creates an organization with unusual values (inner blanks, apostrophes and capitals in the slug)
    Then each organization that was created can be made active, and is shown as it was sent
    And its slug is taken from then on

  @CUSTOMER-ECHO-2 @CUSTOMER-ECHO-3 @CUSTOMER-ECHO-4 @CUSTOMER-ECHO-5 @CUSTOMER-READ-40
  Scenario Outline: A customer of unusual values: <words>
    When the merchant creates a customer with unusual values (<words>)
    Then the customer reads as it was sent

    Examples:
      | words                                                                |
      | digits as text                                                       |
      | a name of 64 characters and values of other types                    |
      | a name of 100 characters and odd keys                                |
      | a name of 255 characters, long texts and a long e-mail               |
      | a name of 256 characters, nested values and an e-mail of a subdomain |
      | inner blanks, apostrophes and a plus-addressed e-mail                |
      | a name in scripts and no metadata                                    |
      | a name with emoji and capitals in the e-mail                         |
      | a name in capitals and a phone number of Italy                       |
      | markup                                                               |
      | the name Null                                                        |

  @CHECKOUT-INLINE-4 @CHECKOUT-INLINE-5 @CHECKOUT-INLINE-20 @CHECKOUT-INLINE-21 @CHECKOUT-INLINE-42
  @CHECKOUT-ECHO-1 @CHECKOUT-ECHO-2 @CHECKOUT-ECHO-4 @CHECKOUT-ECHO-5
  @CHECKOUT-ECHO-7 @CHECKOUT-ECHO-8
  Scenario Outline: A checkout session and its new customer, both of unusual values: <words>
    When the merchant creates a checkout session with unusual values (<words>)
    Then the new customer of the session reads as it was sent

    Examples:
      | words                                                 |
      | the amount 1 and digits as text                       |
      | an amount of 99 to 101 and values of other types      |
      | encoded URLs and odd keys                             |
      | markup                                                |
      | inner blanks, apostrophes and a plus-addressed e-mail |

  @CHECKOUT-ECHO-1 @CHECKOUT-ECHO-2 @CHECKOUT-ECHO-4 @CHECKOUT-ECHO-5
  @CHECKOUT-ECHO-7 @CHECKOUT-ECHO-8 @CHECKOUT-READ-40
  Scenario Outline: A checkout session of unusual values is read back: <words>
    When the merchant creates a checkout session with unusual values (<words>)
    Then the checkout session reads as it was sent

    Examples:
      | words                                                 |
      | a currency of three decimals and long texts           |
      | yen and nested values                                 |
      | a currency without decimals and product ids of digits |
      | several line items and empty metadata                 |
      | very many line items                                  |
      | an amount beyond 32 bits                              |
      | long URLs                                             |

  @CHECKOUT-ECHO-1 @CHECKOUT-ECHO-2 @CHECKOUT-ECHO-4 @CHECKOUT-ECHO-5
  @CHECKOUT-ECHO-7 @CHECKOUT-ECHO-8
  Scenario Outline: A checkout session of unusual values: <words>
    When the merchant creates a checkout session with unusual values (<words>)
    Then the response repeats what was sent

    Examples:
      | words                                    |
      | the amount 0                             |
      | the amount 0 for an item that costs more |
      | a line item of another currency          |
      | the largest amount                       |
      | international URLs                       |

  @CHECKOUT-ECHO-8 @CHECKOUT-VALID-40
  Scenario: A checkout session of many line items
    When the merchant creates a checkout session with unusual values (many line items)
    Then the response repeats what was sent
    And the same session is refused once its last line item has an amount that is a text
