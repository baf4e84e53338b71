package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// journal is a file with the state to restore while a probe may have changed it. It holds names and ids in plain text.
type journal struct{ file string }

// entry is the content of a journal.
type entry struct {
	API   string    `json:"api"`
	Time  time.Time `json:"time"`
	Probe string    `json:"probe"`
	// Module is the id of the module to restore, Spare that of the profile that probes grant. Both may be empty.
	Module string `json:"module"`
	Spare  string `json:"spare_profile"`
	// Before has only that module.
	Before org `json:"before"`
}

// write replaces the journal. When it returns, the entry survives a crash of the machine.
func (j journal) write(e entry) error {
	content, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	temporary := j.file + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	if err := os.Rename(temporary, j.file); err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	return j.syncFolder()
}

// read returns nil if there is no journal.
func (j journal) read() (*entry, error) {
	content, err := os.ReadFile(j.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	var e entry
	if err := json.Unmarshal(content, &e); err != nil {
		return nil, fmt.Errorf("the journal %s is damaged, compare the org with it by hand and delete it: %w", j.file, err)
	}
	return &e, nil
}

func (j journal) remove() error {
	if err := os.Remove(j.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot delete the journal: %w", err)
	}
	return j.syncFolder()
}

func (j journal) syncFolder() error {
	folder, err := os.Open(filepath.Dir(j.file))
	if err != nil {
		return err
	}
	_ = folder.Sync() // some file systems cannot
	return folder.Close()
}
