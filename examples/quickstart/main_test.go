package main

import (
	"net/http"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

func TestRun(t *testing.T) {
	for _, name := range []string{"ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN", "ZOHO_DATA_CENTER"} {
		t.Setenv(name, "")
	}
	t.Run("stand-in", func(t *testing.T) {
		network := http.DefaultTransport
		defer func() { http.DefaultTransport = network }()
		http.DefaultTransport = zohotest.CheckedTransport(network, func(problem string) { t.Error(problem) })
		if err := run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("live without an org", func(t *testing.T) {
		*live = true
		defer func() { *live = false }()
		if err := run(t.Context()); err == nil {
			t.Error("it must ask for credentials")
		}
	})
	t.Run("unknown data centre", func(t *testing.T) {
		t.Setenv("ZOHO_DATA_CENTER", "moon")
		if err := run(t.Context()); err == nil {
			t.Error("it must name the data centres")
		}
	})
	t.Run("org without live", func(t *testing.T) {
		t.Setenv("ZOHO_DATA_CENTER", "eu")
		t.Setenv("ZOHO_CLIENT_ID", "id")
		// Any request would fail: there is no proxy there.
		t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
		if err := run(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
