Feature: The walk from sign-up to a checkout page
  A merchant signs up, signs in, creates an organization, makes it the active one, adds a customer and opens a
  checkout session to which the customer is sent.

  @smoke @SIGNUP-STATUS-1 @SIGNIN-STATUS-1 @SIGNIN-TOKEN-1 @SIGNIN-TOKEN-2 @ORG-STATUS-1 @ORG-STATE-2 @ACTIVE-STATUS-1
  @CUSTOMER-STATUS-1 @CHECKOUT-STATUS-1 @API-BASE-1
  Scenario: A merchant goes from sign-up to a checkout page
    Given a person without an account
    When the person signs up
    And the person signs in
    And the merchant creates an organization
    And the merchant makes it the active organization
    And the merchant creates a customer
    And the merchant creates a checkout session for that customer
    Then the token of the sign-in opened a session
    And every path stands under the base URL

  @CUSTOMER-STATUS-1 @CHECKOUT-STATUS-1
  Scenario: The first customer and the first checkout session
    Given a merchant
    When the merchant creates the first customer and the first checkout session of the run
    Then they are kept for the end of the run

  @SIGNUP-TOKEN-1 @SIGNUP-TOKEN-32 @SIGNUP-TENANT-50
  Scenario: The token of a sign-up opens a session
    Given a merchant
    When the merchant sets the organization active in the session of the sign-up
    Then the token of the sign-up opened a session
    And nobody's organization was open to it
    And the session of the sign-up works for each protected operation

  @CHECKOUT-PAGE-1
  Scenario: The checkout page opens
    Given a merchant
    And a checkout session without a customer
    When somebody opens the checkout page
    Then the page is shown
