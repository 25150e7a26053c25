-- Whom an old Person.Id of Rock means since a merge: contacts of the original plugin name people by it.
CREATE TABLE person_former (
    rock_id     bigint PRIMARY KEY,
    person      bigint NOT NULL REFERENCES person ON DELETE CASCADE
);
CREATE INDEX person_former_person ON person_former (person);
