Feature: What is sent comes back as it went
  Names, addresses, amounts and free text are kept as they are, whatever language or length they have.

  Background:
    Given a merchant

  @SIGNUP-ECHO-1 @SIGNUP-ECHO-2 @SIGNUP-ECHO-3 @SIGNIN-ECHO-1 @SIGNIN-ECHO-2 @SIGNIN-ECHO-3
  Scenario Outline: An account with <value>
    When somebody signs up with <value> and signs in
    Then the answers repeat what was sent

    Examples:
      | value                            |
      | a name in many scripts           |
      | a long name                      |
      | a plus-addressed e-mail          |
      | capitals in the e-mail           |
      | an image                         |
      | an e-mail of a subdomain         |
      | a long e-mail                    |
      | a password with blanks           |

  @ORG-ECHO-1 @ORG-ECHO-2 @ORG-ECHO-3 @ORG-ECHO-4
  Scenario Outline: An organization with <value>
    When the merchant creates an organization with <value>
    Then the answer repeats what was sent
    And that organization can be made active

    Examples:
      | value                  |
      | a name in many scripts |
      | a long name            |
      | a long slug            |
      | nested metadata        |
      | a logo                 |
      | capitals in the slug   |

  @CUSTOMER-ECHO-1 @CUSTOMER-ECHO-2 @CUSTOMER-ECHO-3 @CUSTOMER-ECHO-4 @CUSTOMER-ECHO-5
  Scenario Outline: A customer with <value>
    When the merchant creates a customer with <value>
    Then the answer repeats what was sent
    And a checkout session can be created for that customer

    Examples:
      | value                   |
      | a name in many scripts  |
      | a long name             |
      | a plus-addressed e-mail |
      | capitals in the e-mail  |
      | a foreign phone number  |
      | an e-mail of a subdomain |
      | a long e-mail            |
      | nested metadata         |
      | empty metadata          |

  @CHECKOUT-ECHO-1 @CHECKOUT-ECHO-2 @CHECKOUT-ECHO-3 @CHECKOUT-ECHO-4 @CHECKOUT-ECHO-5 @CHECKOUT-ECHO-6
  @CHECKOUT-ECHO-7 @CHECKOUT-ECHO-8
  Scenario Outline: A checkout session with <value>
    When the merchant creates a checkout session with <value>
    Then the answer repeats what was sent

    Examples:
      | value                       |
      | the amount 1                |
      | an amount of five digits    |
      | an amount of seven digits   |
      | an amount of eight digits    |
      | another currency            |
      | a currency without cents    |
      | URLs with a query           |
      | long URLs                   |
      | nested metadata             |
      | three line items            |

  @CHECKOUT-ECHO-1
  Scenario: An amount beyond 32 bits is refused or kept
    When the merchant asks for a checkout session over an amount beyond 32 bits
    Then it is refused in an orderly way, or the amount is kept

  @CHECKOUT-INLINE-1 @CHECKOUT-INLINE-4 @CHECKOUT-INLINE-5
  Scenario Outline: A new customer of a checkout session with <value>
    When the merchant creates a checkout session whose new customer has <value>
    Then the answer repeats what was sent

    Examples:
      | value                   |
      | a name in many scripts  |
      | a plus-addressed e-mail |
