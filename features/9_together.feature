Feature: Requests that arrive at the same moment
  Each of them is carried out as if it were alone: it gets its own response, and what is unique stays unique.

  Rule: Of two that want the same, one gets it

    @SIGNUP-TOGETHER-50 @SIGNUP-TOGETHER-51 @SIGNUP-UNIQUE-1
    Scenario: Two sign-ups with one e-mail at the same moment
      When two people sign up with one e-mail, in small letters and in capitals, and somebody else, at the same moment
      Then one account is made for the e-mail
      And the two new users have sessions of their own

    @ORG-TOGETHER-50 @ORG-TOGETHER-51 @ORG-UNIQUE-1
    Scenario: Two organizations with one slug at the same moment
      Given a merchant
      And another merchant
      When both merchants create an organization with one slug and one of their own at the same moment
      Then one organization has the slug
      And each merchant can make the organization of her own active

  Rule: Users do not mix

    @SIGNIN-TOGETHER-50 @SIGNIN-TOGETHER-51 @SIGNIN-UNIQUE-1
    Scenario: Two users sign in at the same moment
      Given an account
      And another merchant
      When the two users sign in at the same moment, one of them twice, and somebody with a wrong password
      Then each session is the user's own
      And the wrong password opens nothing

    @ACTIVE-TOGETHER-50 @ACTIVE-TOGETHER-51 @CUSTOMER-TOGETHER-50
    Scenario: Two users make their organizations active at the same moment
      Given a merchant
      And another merchant
      When both merchants make their organizations active at the same moment
      And both merchants create customers without naming an organization at the same moment
      Then each customer belongs to the organization of the merchant

  Rule: What is created at the same moment is told apart, and stays

    @CUSTOMER-TOGETHER-51 @CUSTOMER-UNIQUE-1
    Scenario: Many customers at the same moment, some of them refused
      Given a merchant
      And another merchant
      When both merchants create four customers, and three who are refused, at the same moment
      Then all but the refused ones are created
      And checkout sessions for them, and with new customers, are created at the same moment
