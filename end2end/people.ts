// The people of every test. Their mailboxes have the same addresses in the practice Exchange.

export interface Person {
  name: string;
  email: string;
  password: string;
  admin: boolean;
}

export const alice: Person = { name: 'Alice', email: 'alice@example.test', password: 'practice-alice', admin: true };
export const bob: Person = { name: 'Bob', email: 'bob@example.test', password: 'practice-bob', admin: false };
export const charlie: Person = { name: 'Charlie', email: 'charlie@example.test', password: 'practice-charlie', admin: false };

/** The account that may impersonate everybody but Dora. */
export const serviceAccount = { name: 'svc-kalends@example.test', password: 'Practice-2026!' };
export const endpoint = 'https://mail.example.test/EWS/Exchange.asmx';
