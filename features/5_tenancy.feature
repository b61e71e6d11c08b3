Feature: Tenants are kept apart
  What belongs to one merchant is closed to every other, and what was refused has left no trace.

  Background:
    Given a merchant
    And another merchant

  Rule: An organization is open to its members alone

    @ACTIVE-TENANT-1
    Scenario: Another merchant's organization is not made active
      When the other merchant tries to make the merchant's organization active
      Then the request is refused as forbidden
      And it is the merchant's active organization still
      And the merchant can make it active

    @ACTIVE-TENANT-2
    Scenario: A refused activation opens nothing
      When the other merchant tries to make the merchant's organization active in the name of the merchant
      Then nothing of the other merchant goes into the merchant's organization
      And that session reads nothing of the merchant, where the target offers it

    @ACTIVE-TENANT-40
    Scenario: A session without an active organization
      When somebody else signs in, and makes no organization active
      Then that session attaches no customer of the merchant
      And that session creates nothing for the merchant
      And that session reads nothing of the merchant, where the target offers it

    @ACTIVE-TENANT-3
    Scenario: An organization that does not exist is not made active
      When the merchant tries to make an organization active that does not exist
      Then the request is refused as forbidden
      And the merchant can make it active

    @ACTIVE-TENANT-30
    Scenario: What is nearly the id of an organization
      When the other merchant tries what is nearly the id of the merchant's organization
      Then nothing is opened by any of them
      And nothing is opened where a request names both organizations
      And the merchant can make it active

  Rule: Customers belong to their merchant

    @CUSTOMER-TENANT-30
    Scenario: What is nearly the id of another merchant
      When the merchant creates customers for what is nearly the id of the other merchant
      Then nothing is opened by any of them
      And a customer of the merchant's own is created

    @CUSTOMER-TENANT-40
    Scenario: A customer for two merchants
      When the merchant names the other merchant besides, a second time in the body, by another name or in a header
      Then no customer of the other merchant is created
      And a customer of the merchant's own is created

    @CUSTOMER-TENANT-1
    Scenario: A customer for another merchant
      When the merchant creates a customer for the other merchant
      And the merchant does so in another session
      Then the request is refused as forbidden
      And a customer of the merchant's own is created

    @CUSTOMER-TENANT-2
    Scenario: A customer for a merchant who does not exist
      When the merchant creates a customer for a merchant who does not exist
      Then the request is refused as forbidden
      And a customer of the merchant's own is created

    @CUSTOMER-TENANT-4 @CUSTOMER-STATE-54
    Scenario: A customer is hidden from other merchants
      Given a customer of the merchant
      And the target lets a customer be read
      When the other merchant reads that customer
      Then the customer is not shown
      And the merchant reads the customer
      And the customer is not shown to the other merchant afterwards either

  Rule: Checkout sessions belong to their merchant

    @CHECKOUT-TENANT-30
    Scenario: A checkout session for what is nearly another merchant's id
      When the merchant creates checkout sessions for what is nearly the id of the other merchant
      Then nothing is opened by any of them
      And a checkout session of the merchant's own is created

    @CHECKOUT-TENANT-31
    Scenario: A checkout session for what is nearly a customer's id
      Given a customer of the other merchant
      When the merchant creates checkout sessions for what is nearly the id of a customer
      Then nothing is opened by any of them
      And a customer of the other merchant who is named besides is not attached
      And the right ids are accepted

    @CHECKOUT-TENANT-40
    Scenario: A checkout session for two merchants
      When the merchant names the other merchant of a checkout session besides, a second time in the body or in a header
      Then no checkout session of the other merchant is created
      And a checkout session of the merchant's own is created

    @CHECKOUT-TENANT-1
    Scenario: A checkout session for another merchant
      When the merchant creates a checkout session for the other merchant
      Then the request is refused as forbidden
      And a checkout session of the merchant's own is created

    @CHECKOUT-TENANT-2
    Scenario: A checkout session for a merchant who does not exist
      When the merchant creates a checkout session for a merchant who does not exist
      Then the request is refused as forbidden
      And a checkout session of the merchant's own is created

    @CHECKOUT-TENANT-3 @CHECKOUT-BOTH-2
    Scenario: A checkout session for another merchant's customer
      Given a customer of the other merchant
      When the merchant creates a checkout session for the other merchant's customer
      Then the request is refused as forbidden
      And it is not attached beside a new customer either, or beside one of the merchant's own
      And a customer who was created with a session of the other merchant's is refused too
      And a checkout session of the merchant's own is created

    @CHECKOUT-TENANT-4 @CHECKOUT-STATE-54
    Scenario: A checkout session is hidden from other merchants
      Given a checkout session without a customer
      And the target lets a checkout session be read
      When the other merchant reads that checkout session
      Then the checkout session is not shown
      And the merchant reads the session, which has no customer
      And nobody reads it without a token
      And a session that has a customer is not shown to the other merchant either, before and after its merchant reads it
