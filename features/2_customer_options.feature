Feature: The three ways to name the customer of a checkout session
  A checkout session is attached to a customer who exists already, to none at all, or to one who is created with it.

  Background:
    Given a merchant

  Rule: An existing customer is attached

    @smoke @CHECKOUT-EXISTING-1 @CHECKOUT-EXISTING-2
    Scenario: A session for an existing customer
      Given a customer of the merchant
      When the merchant creates a checkout session for that customer
      Then the session is created

    @CHECKOUT-EXISTING-3
    Scenario: Several sessions for one customer
      Given any customer of the merchant
      When the merchant creates 4 checkout sessions for that customer
      Then all 4 sessions are attached to that customer
      And the first of them reads so after the others

    @CHECKOUT-EXISTING-3
    Scenario: Sessions for two customers in turn
      Given two customers of the merchant
      When the merchant creates checkout sessions for the one and the other in turn
      Then each session is attached to the customer who was named

    @CHECKOUT-EXISTING-4
    Scenario: A customer who does not exist
      When the merchant creates a checkout session for a customer who does not exist
      Then the request is refused as unknown
      And a session for an existing customer is created

  Rule: Without a customer none is attached

    @smoke @CHECKOUT-NONE-1 @CHECKOUT-NONE-2
    Scenario: A session without a customer
      When the merchant creates a checkout session without a customer
      Then the session exists and can be paid

    @CHECKOUT-NONE-2
    Scenario: A session without a customer after one with a customer
      Given any customer of the merchant
      When the merchant creates a checkout session for that customer
      And the merchant creates a checkout session with a new customer
      And the merchant creates a checkout session without a customer whose metadata names one
      Then no response repeats a customer from before

  Rule: A new customer is created and attached

    @smoke @CHECKOUT-INLINE-1 @CHECKOUT-INLINE-2 @CHECKOUT-INLINE-4 @CHECKOUT-INLINE-5
    Scenario: A session with a new customer
      When the merchant creates a checkout session with a new customer
      Then the session is created

    @CHECKOUT-INLINE-3
    Scenario: The new customer is used again
      When the merchant creates a checkout session with a new customer
      And the merchant creates 4 checkout sessions for the customer who was created with it
      Then all sessions have the same customer

    @CHECKOUT-INLINE-7
    Scenario: The response names one customer
      When the merchant creates a checkout session with a new customer
      Then the customer and the customer's id agree

    @CHECKOUT-INLINE-2
    Scenario: Every session gets a customer of its own
      When the merchant creates 2 checkout sessions with new customers
      Then 2 different customers were created

    @CHECKOUT-INLINE-2 @CHECKOUT-EXISTING-3
    Scenario: A new customer who resembles another is a customer of its own
      When the merchant creates a customer
      And the merchant creates two checkout sessions with a new customer of the same e-mail
      Then a session for the one with the same phone number is attached to that one
      And no response names a customer from before

    @CHECKOUT-INLINE-6
    Scenario: The new customer is recorded
      Given the target lets a customer be read
      When the merchant creates a checkout session with a new customer
      Then the new customer can be read as sent

  Rule: An existing and a new customer in one request are refused, or the existing one is preferred

    @CHECKOUT-BOTH-1
    Scenario: An existing and a new customer together
      Given any customer of the merchant
      When the merchant creates a checkout session for that customer and with a new customer
      Then it is refused in an orderly way, or attached to the existing customer

  Rule: What is null or in part is refused, or does what it says

    @CHECKOUT-NONE-2 @CHECKOUT-INLINE-1 @CHECKOUT-INLINE-3
    Scenario: A customer or a customer's id that is null
      When the merchant creates checkout sessions whose customer or customer's id is null, or has no phone or no metadata
      Then each is refused in an orderly way, or has the customer whom it asks for
      And a session for each customer who was created with one is attached to that customer

    @CHECKOUT-VALID-1
    Scenario: What is missing does not come from the customer
      When the merchant creates checkout sessions that have a customer, and no currency or no line items
      Then each is refused with 400
