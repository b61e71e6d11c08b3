Feature: What was done first is still there at the end
  Nothing that was created is lost when more is created, when others are refused, or when others attack.

  Rule: What was refused changes nothing for others

    @CUSTOMER-STATE-53
    Scenario: A refused customer leaves the merchant alone who was named
      Given a merchant
      And another merchant
      When the merchant creates a customer for the other merchant
      Then the other merchant can create that customer without naming an organization

  Rule: What was created stays until the end of the run

    @last @SIGNIN-STATE-50
    Scenario: The first account at the end of the run
      Given a merchant
      When the user signs in once more
      Then the first account of the run is open still

    @last @CHECKOUT-STATE-51
    Scenario: The first checkout session is read at the end of the run
      Given a merchant
      And the first customer and the first checkout session of the run
      Then the first checkout session reads as it was created

    @last @CUSTOMER-STATE-50 @CHECKOUT-STATE-50 @CHECKOUT-TIME-50
    Scenario: The first customers at the end of the run
      Given a merchant
      And another merchant
      And the first customer and the first checkout session of the run
      When the other merchant names that customer, and a request asks for another method than its own
      Then a checkout session can be created for the first customer of the run, at a time of its own
      And for the customer who came with the first checkout session too

    @last @CUSTOMER-STATE-52 @CHECKOUT-STATE-52 @CUSTOMER-TENANT-3 @CHECKOUT-TENANT-5 @CHECKOUT-NONE-3 @CUSTOMER-STATE-57 @CUSTOMER-LIST-22
    Scenario: All customers at the end of the run
      Given a merchant
      And another merchant
      When a customer and checkout sessions with new customers are refused
      And a checkout session without a customer is created
      And the customers of both merchants are listed
      Then none of them came with a request that was refused, or with a session that has no customer
      And each of them reads as it was created

    @last @CUSTOMER-STATE-51
    Scenario: The first customer is read at the end of the run
      Given a merchant
      And the first customer and the first checkout session of the run
      Then the first customer reads as it was created

    @last @ORG-STATE-50 @ORG-UNIQUE-50
    Scenario: The first organization at the end of the run
      Given a merchant
      Then the first organization can be made active, and its slug is taken still
