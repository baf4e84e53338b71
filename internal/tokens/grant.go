package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
	"weak"

	"golang.org/x/sync/singleflight"

	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
)

const (
	// tokenMargin is how long before its end a token is renewed.
	tokenMargin = time.Minute
	// renewalPause is how long a token that lives serves on before its renewal is tried again.
	renewalPause = 10 * time.Second
	// throttlePause is how long the token endpoint is left alone after it throttled.
	throttlePause = time.Minute
)

// Cache keeps access tokens outside the process.
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
}

// Config is what access tokens are made from.
type Config struct {
	ClientID, ClientSecret string
	Parameters             url.Values // those of the grant type
	AccountsURL            string     // of the host of the token endpoint
	DataCenter             string     // for messages
	API                    string     // what the tokens are for: those for another are not shared with them
	// CheckAPIDomain refuses the api_domain of a token.
	CheckAPIDomain func(string) error
	Cache          Cache // may be nil
}

// Grant makes access tokens from a [Config], one at a time, and keeps the newest.
type Grant struct {
	Config
	credentials []string // those of the Config, as they are and as a form has them
	key         string   // names the Config without telling it
	flight      singleflight.Group

	mu           sync.Mutex // never held over the network
	current      accessToken
	refused      time.Time // when the last token was asked for that Zoho did not accept: one from a Cache must be newer
	throttle     *Failure
	throttleEnds time.Time
}

// accessToken is also what a [Cache] keeps, in JSON.
type accessToken struct {
	Key     string    `json:"key"`
	Value   string    `json:"access_token"`
	Asked   time.Time `json:"asked"`
	RenewAt time.Time `json:"renew_at"`
	Ends    time.Time `json:"ends"`

	authorization *Authorization
}

func (t accessToken) usable() bool { return t.Value != "" && time.Now().Before(t.RenewAt) }

// NewGrant returns the grant of a Config, or the one in use of an equal Config.
func NewGrant(config Config) *Grant {
	g := &Grant{Config: config}
	for _, credential := range []string{config.ClientSecret, config.Parameters.Get("refresh_token"), config.ClientID} {
		g.credentials = append(g.credentials, credential, url.QueryEscape(credential))
	}
	sum := sha256.Sum256([]byte(strings.Join(
		[]string{config.API, config.AccountsURL, config.ClientID, config.ClientSecret, config.Parameters.Encode()}, "\n")))
	g.key = hex.EncodeToString(sum[:])
	if config.Cache != nil && !reflect.ValueOf(config.Cache).Comparable() {
		return g
	}
	return g.shared()
}

// grants are those in use, or with a token that is: clients with equal credentials share them.
var grants sync.Map // of grantKey to weak.Pointer[Grant]

type grantKey struct {
	key   string
	cache Cache
}

// shared returns the grant that is used already, or g.
func (g *Grant) shared() *Grant {
	key, own := grantKey{g.key, g.Cache}, weak.Make(g)
	for {
		found, isUsed := grants.LoadOrStore(key, own)
		if !isUsed {
			runtime.AddCleanup(g, func(own weak.Pointer[Grant]) { grants.CompareAndDelete(key, own) }, own)
			return g
		}
		pointer, _ := found.(weak.Pointer[Grant])
		if used := pointer.Value(); used != nil {
			return used
		}
		grants.CompareAndDelete(key, found)
	}
}

// kept returns the token that was got last, nil if it ended, and whether the caller is to renew it: the
// first of those who come in its last minute, and another after a while.
func (g *Grant) kept() (kept *Authorization, renew bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !now.Before(g.current.Ends) {
		return nil, true
	}
	if renew = !now.Before(g.current.RenewAt); renew {
		g.current.RenewAt = now.Add(renewalPause)
	}
	return g.current.authorization, renew
}

// secrets are what no text may show.
func (g *Grant) secrets() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string{g.current.Value}, g.credentials...)
}

// Authorize returns the token that is kept, or waits for another one. A token in its last minute serves
// on while it is renewed.
func (g *Grant) Authorize(ctx context.Context, deadline time.Time, sender *wire.Sender, refused *Authorization) (*Authorization, *Failure) {
	if refused != nil {
		g.drop(refused)
	}
	kept, renew := g.kept()
	if !renew {
		return kept, nil
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	// The flight serves every caller that waits: it outlives the one that started it.
	detached := context.WithoutCancel(ctx)
	for {
		own := false
		flight := g.flight.DoChan("", recovered(func() (*Authorization, *Failure) { own = true; return g.refresh(detached, sender, kept) }, g.secrets))
		if kept != nil {
			return kept, nil
		}
		got, failure := wait(ctx, flight)
		// The time that the client had which began the flight is not that of this one.
		if failure == nil || ctx.Err() != nil || own || !errors.Is(failure, context.DeadlineExceeded) {
			return got, failure
		}
	}
}

// drop forgets a token that Zoho refused, unless there is a newer one already.
func (g *Grant) drop(refused *Authorization) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current.Value == refused.Token {
		g.current, g.refused = accessToken{}, g.current.Asked
	}
}

// refresh returns another token than old: from the flight before, from the cache, or from the token
// endpoint.
func (g *Grant) refresh(ctx context.Context, sender *wire.Sender, old *Authorization) (*Authorization, *Failure) {
	g.mu.Lock()
	current, refused, throttle, throttleEnds := g.current, g.refused, g.throttle, g.throttleEnds
	g.mu.Unlock()
	if current.authorization != old && current.usable() {
		return current.authorization, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sender.Timeout)
	defer cancel()
	if cached := g.cached(ctx, sender.Logger); cached.usable() && cached.Asked.After(refused) {
		return g.keep(cached), nil
	}
	if time.Now().Before(throttleEnds) {
		return nil, throttle
	}
	token, failure := g.request(ctx, sender)
	if failure != nil {
		if failure.Throttled {
			g.mu.Lock()
			g.throttle, g.throttleEnds = failure, time.Now().Add(throttlePause)
			g.mu.Unlock()
			g.hold(throttlePause)
		}
		return nil, failure
	}
	if !token.Asked.After(refused) {
		token.Asked = refused.Add(1) // the clock has not moved on
	}
	authorization := g.keep(token)
	if g.Cache != nil {
		value, err := json.Marshal(token) //nolint:gosec // the secret is what a Cache is for
		if err == nil {
			err = g.Cache.Put(ctx, g.key, value)
		}
		logCache(ctx, sender.Logger, "keep", err, token.Value)
	}
	return authorization, nil
}

func (g *Grant) keep(token accessToken) *Authorization {
	token.authorization = newAuthorization(token.Value)
	g.mu.Lock()
	g.current = token
	g.mu.Unlock()
	g.hold(time.Until(token.RenewAt))
	return token.authorization
}

// hold keeps g for clients to come, where none has it now: Zoho counts its tokens all the same.
func (g *Grant) hold(d time.Duration) {
	time.AfterFunc(d, func() { runtime.KeepAlive(g) })
}

func (g *Grant) cached(ctx context.Context, logger *slog.Logger) (token accessToken) {
	if g.Cache == nil {
		return accessToken{}
	}
	value, err := g.Cache.Get(ctx, g.key)
	decodeErr := json.Unmarshal(value, &token)
	logCache(ctx, logger, "return", err, token.Value)
	if err != nil || decodeErr != nil || token.Key != g.key || check(token.Value) != nil {
		return accessToken{}
	}
	return token
}

func logCache(ctx context.Context, logger *slog.Logger, what string, err error, secret string) {
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: the token cache failed to "+what+" a token", slog.String("error", safetext.Redact(safetext.Line(err.Error()), secret)))
	}
}
