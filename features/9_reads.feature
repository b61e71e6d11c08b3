Feature: The optional reads
  A target that shows what was created shows it completely, to its merchant alone, and lets nobody else change it.

  Background:
    Given a merchant
    And another merchant

  @CUSTOMER-READ-20 @CUSTOMER-READ-21 @CUSTOMER-READ-22 @CUSTOMER-READ-23 @CUSTOMER-READ-24 @CUSTOMER-READ-25 @CUSTOMER-READ-26 @CUSTOMER-READ-27 @CUSTOMER-READ-28
  Scenario: The read of a customer
    When a customer of the merchant is read that the target shows
    Then it is shown completely, as its schema says
    And it is read with a token alone
    And an id that does not exist is unknown
    And the id of a checkout session reads nothing
    And other methods by other merchants change nothing, at the moment of another read

  @CHECKOUT-READ-20 @CHECKOUT-READ-21 @CHECKOUT-READ-22 @CHECKOUT-READ-23 @CHECKOUT-READ-24 @CHECKOUT-READ-25 @CHECKOUT-READ-26 @CHECKOUT-READ-27 @CHECKOUT-READ-28
  Scenario: The read of a checkout session
    When a checkout session of the merchant is read that the target shows
    Then it is shown completely, as its schema says
    And it is read with a token alone
    And an id that does not exist is unknown
    And the id of a customer reads nothing
    And other methods by other merchants change nothing, at the moment of another read

  @CUSTOMER-LIST-20 @CUSTOMER-LIST-21 @CUSTOMER-LIST-22 @CUSTOMER-LIST-23 @CUSTOMER-LIST-24 @CUSTOMER-LIST-25 @CUSTOMER-LIST-26 @CUSTOMER-LIST-27 @CUSTOMER-LIST-28 @CUSTOMER-LIST-29
  Scenario: The list of an organization's customers
    When the merchant has a new organization with three customers
    Then the list has these three, each once, on pages that add up
    And the list of all pages agrees with itself
    And another merchant's id, or the e-mail of one of her customers, opens nothing
    And the list is read with a token alone
    And an odd page is refused in an orderly way, or answered
    And each of two merchants who read at the same moment sees her own customers
    And the list is another one in the same session once another organization is active
