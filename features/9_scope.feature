Feature: One user with several organizations
  What is created belongs to the organization that the request names, else to the active one of the session, and to no
  other.

  Rule: The active organization stays as it is until it is changed

    @ACTIVE-STATE-20 @CUSTOMER-TENANT-23 @CHECKOUT-TENANT-20 @CHECKOUT-TENANT-21
    Scenario: A customer of one's second organization
      Given a merchant
      And a second organization of the merchant
      When the merchant makes the second organization active twice
      Then a customer without a named organization belongs to the second organization
      And the first organization takes that customer in no field
      And a customer of the first organization makes no difference to the second

    @ORG-STATE-20
    Scenario: An organization that is created in another session
      Given a merchant
      When the merchant creates an organization in another session
      And the merchant creates a customer without naming an organization
      Then the customer belongs to the merchant's first organization

    @ACTIVE-STATE-21
    Scenario: A refused set-active request changes nothing
      Given a merchant
      When the merchant tries to make an organization active whose id is no text
      Then the organization that was active before is active still

  Rule: The organization that is named counts

    @CUSTOMER-TENANT-20 @CUSTOMER-TENANT-24 @CHECKOUT-TENANT-22 @CHECKOUT-TENANT-27
    Scenario: A request for an organization that is not the active one
      Given a merchant
      And a second organization of the merchant
      When the merchant creates a customer and a session with a new customer for the second organization
      Then the first organization is the active one still
      And both customers belong to the second organization

    @CHECKOUT-TENANT-23
    Scenario: A session for the active organization by default
      Given a merchant
      And a second organization of the merchant
      When the merchant makes the second organization active in another session
      Then a session without a named organization belongs to the second organization

    @ACTIVE-TENANT-20 @CUSTOMER-TENANT-21 @CHECKOUT-TENANT-24
    Scenario: The slug of another merchant's organization
      Given a merchant
      And another merchant
      When the other merchant names the merchant's organization by its slug
      Then the slug opens nothing
      And in a field of its own it makes nothing active either

  Rule: A new customer of a session is the merchant's own

    @CHECKOUT-TENANT-25 @CHECKOUT-TENANT-26
    Scenario: A new customer who claims to be somebody else's
      Given a merchant
      And another merchant
      When the merchant creates a session whose new customer claims to belong to the other merchant
      Then the new customer is refused, or belongs to the merchant
      And a new customer with the id of the other merchant's customer is refused, or has an id of its own

  Rule: What one merchant has makes no difference to another

    @CUSTOMER-TENANT-22 @CHECKOUT-INLINE-22
    Scenario: A customer who is known to another merchant
      Given a merchant
      And another merchant
      When the other merchant creates a customer, and a session with a new one, like the merchant's customer
      Then both are accepted, each with an id of its own
