Feature: Accounts and sessions
  An account belongs to one e-mail and opens with its password alone; each sign-in opens a session of its own.

  Rule: An e-mail belongs to one account

    @SIGNUP-UNIQUE-2
    Scenario: An e-mail that is taken
      Given an account
      When somebody signs up with the same e-mail and the same password
      Then the sign-up is refused as taken, or hidden behind an invented user

    @SIGNUP-STATE-50
    Scenario: A refused sign-up leaves the owner's session open
      Given the account of another merchant
      When somebody signs up with the same e-mail and another password
      Then the merchant's first session is open, where the sign-up was refused

    @SIGNUP-LEAK-21 @SIGNUP-TENANT-50
    Scenario: A sign-up in somebody else's session
      Given the account of another merchant
      When somebody signs up in that merchant's session
      Then no session of that merchant is handed out, and the new user is in no organization of hers

    @SIGNUP-UNIQUE-3
    Scenario: A second sign-up takes nothing over
      Given an account
      When somebody signs up with the same e-mail and another password
      Then the first password signs in
      And the other password does not

    @SIGNUP-UNIQUE-4
    Scenario: An e-mail that is taken in another letter case
      Given an account
      When somebody signs up with the same e-mail in capitals
      Then the sign-up is refused as taken, or hidden behind an invented user

    @SIGNUP-UNIQUE-4
    Scenario: An e-mail that was taken in capitals first
      Given an account that signed up with capitals in its e-mail
      When somebody signs up with the same e-mail in small letters
      Then the sign-up is refused as taken, or hidden behind an invented user

    @SIGNUP-STATUS-1 @SIGNUP-UNIQUE-1 @SIGNUP-TENANT-50
    Scenario: A plus-address is an e-mail of its own
      Given an account
      When somebody signs up with the same e-mail and a plus tag
      Then the sign-up is accepted
      And one with underscores in the place of letters is accepted too, where the target takes underscores
      And a sign-up with the e-mail of a customer is accepted too, and opens nothing of the customer's merchant

    @SIGNUP-STATUS-1
    Scenario: A sign-up to stay for a day
      When somebody signs up to stay for a day
      Then the sign-up is accepted, unless one to stay for longer is refused too

    @SIGNUP-UNIQUE-6
    Scenario: A refused sign-up leaves no account
      Given a person without an account
      When the person tries to sign in before there is an account
      And the person signs up with a password that is too long
      And the person signs up without a name
      And the person signs up with an image that is no text
      And the person signs up with a password that is too short
      And the person signs up
      Then the person has an account, which no refused password opens

  Rule: Only the password opens the account

    Scenario Outline: <what>
      Given an account
      When somebody signs in with <password>
      Then the request is refused with 401
      And the right password signs in

      Examples:
        | requirement   | what                                               | password                           |
        | SIGNIN-AUTH-1 | A wrong password                                   | a wrong password                   |
        | SIGNIN-AUTH-3 | A password with its first letter in the other case | its first letter in the other case |
        | SIGNIN-AUTH-3 | A password with all letters in the other case      | all letters in the other case      |
        | SIGNIN-AUTH-4 | A password without its last character              | all but the last character         |
        | SIGNIN-AUTH-4 | The first 8 characters of a password               | the first 8 characters             |
        | SIGNIN-AUTH-5 | A blank after the password                         | a blank after the password         |
        | SIGNIN-AUTH-5 | A blank before the password                        | a blank before the password        |
        | SIGNIN-AUTH-6 | The password of another account                    | another account's password         |

    Scenario Outline: An account with <password>
      When somebody signs up with <password>, and says how long to stay
      Then nothing but that password opens the account
      And the sessions of the account work like any other

      Examples:
        | requirement                     | password                       |
        | SIGNIN-AUTH-30 SIGNIN-TOKEN-32  | a long password                |
        | SIGNIN-AUTH-31 SIGNIN-TOKEN-32  | a short password like a number |
        | SIGNIN-AUTH-32 SIGNIN-TOKEN-32  | a password of many scripts     |

    @SIGNIN-AUTH-33
    Scenario: What only looks like a password
      Given an account
      When somebody signs in with what only looks like a password
      Then the right password signs in

    @SIGNIN-AUTH-34
    Scenario: What is nearly the password
      Given an account
      When somebody signs in with what is nearly the password
      Then the right password signs in

    @SIGNIN-AUTH-35
    Scenario: What is nearly the e-mail
      Given an account
      When somebody signs in with the password and what is nearly the e-mail
      Then the right password signs in

    @SIGNIN-AUTH-2
    Scenario: An unknown e-mail
      Given an account
      When somebody signs in with an unknown e-mail
      Then the request is refused with 401
      And an unknown e-mail without a password is refused with 400
      And the right password signs in

    @SIGNIN-AUTH-7
    Scenario: Nobody learns which e-mails exist
      Given an account
      When somebody signs in with a wrong password 2 times
      And somebody signs in with an unknown e-mail
      Then both are answered alike

    @SIGNIN-AUTH-8
    Scenario: The e-mail in another letter case
      Given an account
      When the person signs in with the e-mail in capitals
      Then the sign-in is accepted

    @SIGNIN-AUTH-8
    Scenario: The e-mail in small letters, which came in capitals
      Given an account that signed up with capitals in its e-mail
      When the person signs in with the e-mail in small letters
      Then the sign-in is accepted

  Rule: Each sign-in opens a session of its own

    @SIGNIN-UNIQUE-1 @SIGNIN-UNIQUE-2
    Scenario: An older session beside a newer one
      Given an account
      When the person signs in 3 times
      Then the last two sessions are open
      And the session from before is as it was, or closed

    @SIGNIN-TOKEN-33
    Scenario Outline: A sign-in <how>
      Given an account
      When the account signs in <how>
      Then its session works like any other

      Examples:
        | how                         |
        | to stay for a day           |
        | with the e-mail in capitals |

    @SIGNIN-STATE-1
    Scenario: A refused sign-in changes nothing
      Given an account
      When the person signs in
      And somebody signs in with a wrong password 3 times
      Then the session of the person is still open
      And the right password still signs in
