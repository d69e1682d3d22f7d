-- Version 4 (1 had no messages, 2 no subjects, 3 no bucket). Times are milliseconds since 1970; digests are bytes.
CREATE TABLE IF NOT EXISTS accounts (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  token BLOB UNIQUE,              -- hash of the token; NULL once it is revoked
  operator INTEGER NOT NULL,
  created INTEGER NOT NULL,
  subject TEXT                    -- whose tokens of the issuer are this account's
);
CREATE TABLE IF NOT EXISTS projects (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  most_bytes INTEGER NOT NULL,
  most_jobs INTEGER NOT NULL,
  created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
  project INTEGER NOT NULL REFERENCES projects,
  account INTEGER NOT NULL REFERENCES accounts,
  PRIMARY KEY (project, account)
) WITHOUT ROWID;
-- A file by its digest, of one project alone: that another has it, nobody learns.
CREATE TABLE IF NOT EXISTS blobs (
  project INTEGER NOT NULL REFERENCES projects,
  digest BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  chunks BLOB NOT NULL,           -- digests of its chunks, 32 bytes each
  whole INTEGER NOT NULL,
  PRIMARY KEY (project, digest)
) WITHOUT ROWID;
-- Chunks that have arrived, of files that are not whole.
CREATE TABLE IF NOT EXISTS arrived (
  project INTEGER NOT NULL,
  digest BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (project, digest, number),
  FOREIGN KEY (project, digest) REFERENCES blobs ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
  project INTEGER NOT NULL REFERENCES projects,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (project, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
  project INTEGER NOT NULL,
  upload TEXT NOT NULL,
  name TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (project, upload, name),
  FOREIGN KEY (project, upload) REFERENCES uploads ON DELETE CASCADE,
  FOREIGN KEY (project, digest) REFERENCES blobs
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_of_blob ON files (project, digest);
-- What the data parties of a joint training pass on to each other.
CREATE TABLE IF NOT EXISTS messages (
  project INTEGER NOT NULL REFERENCES projects,
  session TEXT NOT NULL,
  name TEXT NOT NULL,
  digest BLOB NOT NULL,
  account TEXT NOT NULL,          -- who delivered it
  time INTEGER NOT NULL,
  PRIMARY KEY (project, session, name),
  FOREIGN KEY (project, digest) REFERENCES blobs
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_of_blob ON messages (project, digest);
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY,     -- the order in which they were asked for
  id TEXT NOT NULL UNIQUE,
  project INTEGER NOT NULL REFERENCES projects,
  asked TEXT NOT NULL,            -- JSON
  priority INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  process INTEGER,                -- id of the process that was last started
  cancelled INTEGER NOT NULL,     -- asked to stop
  created INTEGER NOT NULL,
  started INTEGER,
  ended INTEGER,
  result TEXT,                    -- JSON
  error TEXT                      -- JSON
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, priority DESC, number);
CREATE INDEX IF NOT EXISTS jobs_of_project ON jobs (project, number DESC);
-- What commands of the operator did, for the service to put into the audit log, which it alone writes.
CREATE TABLE IF NOT EXISTS unnoted (number INTEGER PRIMARY KEY, action TEXT NOT NULL, object TEXT NOT NULL);
-- Where the audit log ends, so that a log that was cut is found.
CREATE TABLE IF NOT EXISTS audit_end (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, digest BLOB NOT NULL);
-- The bucket that has the files, if they are in one: by the id that it has as well.
CREATE TABLE IF NOT EXISTS bucket (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
