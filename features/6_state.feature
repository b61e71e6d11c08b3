Feature: What was done stays done, and what was refused changed nothing
  Background:
    Given a merchant

  Rule: A taken slug is refused, and a refused organization leaves its slug free

    @ORG-UNIQUE-2 @ORG-STATE-21 @ORG-STATE-1
    Scenario: A slug that is taken
      When the merchant creates an organization with a slug that is taken
      Then the request is refused as taken
      And the active organization is the one from before
      And the organization that has the slug is as it was
      And organizations with a longer and a shorter slug are created

    @ORG-UNIQUE-2
    Scenario: A slug that another merchant has taken
      Given another merchant
      When the merchant creates an organization with the other merchant's slug
      Then the request is refused as taken

    @ORG-STATE-1
    Scenario: A refused organization leaves its slug free
      When the merchant creates an organization without a name, and with fields of another type
      Then an organization with the same slug is created

    @ORG-STATE-3
    Scenario: An older organization stays open
      When the merchant creates another organization
      Then the older organization can be made active

  Rule: The active organization is the scope of a session

    @ACTIVE-STATE-1 @CUSTOMER-ECHO-6
    Scenario: A customer goes to the active organization by default
      When the merchant creates a customer without naming an organization
      Then the customer belongs to the active organization

    @ACTIVE-STATE-2
    Scenario: A session moves between two organizations
      Given a second organization of the merchant
      When the merchant makes the second organization active, then the first, then the second
      Then customers were made for the organization that was active

    @ACTIVE-STATE-3
    Scenario: Each session has an active organization of its own
      Given a second organization of the merchant
      When the merchant makes the second organization active in another session
      And the merchant creates a customer without naming an organization
      Then the customer belongs to the merchant's first organization

    @ACTIVE-STATE-4
    Scenario: The session works on after set-active
      When the merchant makes the organization active again
      Then the merchant's session is still open

    @ACTIVE-TOKEN-1
    Scenario: The token that set-active repeats works
      When the merchant makes the organization active again
      Then the token of the response, where there is one, opens the session

  Rule: The same request again is a request of its own

    @CUSTOMER-UNIQUE-2 @CUSTOMER-STATE-55
    Scenario: The same customer again
      When the merchant creates the same customer twice
      Then the second is refused as taken, is the first, or is a customer of its own
      And customers of the same e-mail or phone number and another name leave the first one as it was

    @CUSTOMER-AUTH-1 @CUSTOMER-TENANT-1
    Scenario: The same customer again, by somebody else
      Given another merchant
      When the merchant creates a customer
      Then the same customer without a token, or with the other merchant's, is refused

    @CHECKOUT-UNIQUE-3 @CHECKOUT-UNIQUE-4 @CHECKOUT-UNIQUE-5 @CHECKOUT-AUTH-1 @CHECKOUT-TENANT-1
    Scenario: The same checkout session again
      Given another merchant
      When the merchant creates the same checkout session twice
      Then the second is the session of the first, or one of its own
      And the same session with a new customer again has the same customer, or is one of its own
      And the same session of the other merchant is one of its own
      And the same session without a token, or with the other merchant's, is refused
      And a session that differs in its metadata alone, nested ones too, is one of its own
      And a session that differs in its product, its amount, its currency, a URL or its customer alone is one of its own

  Rule: After a refused request the session works on

    @CUSTOMER-STATE-1 @CUSTOMER-STATE-56
    Scenario: After a refused customer the session works on
      When the merchant creates a customer with a name that is no text, and then with metadata that are none
      Then the merchant can create a customer without naming an organization
      And the same customer is created once the request is right

    @CHECKOUT-STATE-1
    Scenario: After a refused checkout session the session works on
      When checkout sessions with a new customer are refused for a line item, a currency, a merchant and their amounts
      Then the merchant can create the same checkout session once it is corrected
      And the merchant can create a customer without naming an organization

  Rule: What was created stays

    @CUSTOMER-STATE-2
    Scenario: A customer stays when others come
      Given a customer of the merchant
      When the merchant creates 3 more customers
      Then a checkout session can be created for the first of them

  Rule: What was created can be read back, where the target offers it

    @CUSTOMER-READ-1
    Scenario: A customer is read back
      Given the target lets a customer be read
      When the merchant creates a customer
      Then the customer can be read as it was created

    @CHECKOUT-READ-1
    Scenario: A checkout session is read back
      Given the target lets a checkout session be read
      When the merchant creates a checkout session for a new customer of hers
      Then the checkout session can be read as it was created
