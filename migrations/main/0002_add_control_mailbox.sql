-- A mailbox that the account is known to reach: it tells a missing role from a mailbox outside the scope.
ALTER TABLE accounts ADD COLUMN control_mailbox TEXT;
