-- Lists are narrowed to every account at a host; where people use their own, there are as many accounts as people.
CREATE INDEX accounts_by_host ON accounts (host);
