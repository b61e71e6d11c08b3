Feature: What is sent comes back as it went
  Names, addresses, amounts and free text are kept as they are, whatever language or length they have.

  Background:
    Given a merchant

  @ORG-ECHO-1 @ORG-ECHO-2 @ORG-ECHO-3 @ORG-ECHO-4
  Scenario Outline: An organization with <value>
    When the merchant creates an organization with <value>
    Then the response repeats what was sent
    And that organization can be made active

    Examples:
      | value                |
      | a long slug          |
      | capitals in the slug |

  @CUSTOMER-ECHO-1 @CUSTOMER-ECHO-2 @CUSTOMER-ECHO-3 @CUSTOMER-ECHO-4 @CUSTOMER-ECHO-5
  Scenario Outline: A customer with <value>
    When the merchant creates a customer with <value>
    Then the response repeats what was sent
    And a checkout session can be created for that customer

    Examples:
      | value                    |
      | a plus-addressed e-mail  |
      | capitals in the e-mail   |
      | an e-mail of a subdomain |
      | a long e-mail            |

  @CHECKOUT-ECHO-1 @CHECKOUT-ECHO-2 @CHECKOUT-ECHO-3 @CHECKOUT-ECHO-4 @CHECKOUT-ECHO-5 @CHECKOUT-ECHO-6
  @CHECKOUT-ECHO-7 @CHECKOUT-ECHO-8
  Scenario Outline: A checkout session with <value>
    When the merchant creates a checkout session with <value>
    Then the response repeats what was sent

    Examples:
      | value            |
      | three line items |

  @CHECKOUT-INLINE-1 @CHECKOUT-INLINE-4 @CHECKOUT-INLINE-5
  Scenario Outline: A new customer of a checkout session with <value>
    When the merchant creates a checkout session whose new customer has <value>
    Then the response repeats what was sent

    Examples:
      | value                   |
      | a name in many scripts  |
      | a plus-addressed e-mail |
