Feature: What a client may not set
  Ids, states, times, roles and URLs are the target's own. A request that claims them is refused, or they are ignored.

  Background:
    Given a merchant
    And another merchant

  @SIGNUP-PROPERTY-20 @SIGNIN-PROPERTY-20
  Scenario: A new user who claims to be a verified administrator
    When a "sign up" request claims what a client may not set
    And the new user signs in and claims it again
    Then nothing of it is taken
    And the new user is in nobody's organization

  @ORG-PROPERTY-20
  Scenario: An organization that claims an id and other members
    When a new organization claims the id of the other merchant's
    And a "create organization" request claims what a client may not set
    Then nothing of it is taken
    And the organization is the creator's

  @ACTIVE-PROPERTY-20
  Scenario: A set-active request that claims another name
    When a "set active organization" request claims what a client may not set
    Then nothing of it is taken

  @CUSTOMER-PROPERTY-20
  Scenario: A customer who claims an id and another merchant
    Given a customer of the other merchant whose id is going to be claimed
    When a "create customer" request claims what a client may not set
    Then nothing of it is taken
    And the customer is the merchant's
    And the other merchant's customer is as it was

  @CHECKOUT-PROPERTY-20
  Scenario: A checkout session that claims to be paid
    When a "create checkout session" request claims what a client may not set
    Then nothing of it is taken
    And no host that a client names is that of a checkout page

  @CUSTOMER-PROPERTY-21
  Scenario: A customer with fields that mean something to JavaScript
    When the merchant creates a customer with fields that mean something to JavaScript
    Then the next customer inherits nothing
