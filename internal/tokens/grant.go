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
	token        accessToken
	renewalBegan time.Time
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

func (t accessToken) usable() bool { return time.Now().Before(t.RenewAt) }

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

// current returns the token that was got last, nil if it ended, and whether the caller is to renew it: the
// first of those who come in its last minute, and another after a while.
func (g *Grant) current() (current *Authorization, renew bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !now.Before(g.token.Ends) {
		return nil, true
	}
	if renew = !now.Before(g.token.RenewAt) && now.Sub(g.renewalBegan) >= renewalPause; renew {
		g.renewalBegan = now
	}
	return g.token.authorization, renew
}

// secrets are what no text may show.
func (g *Grant) secrets() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string{g.token.Value}, g.credentials...)
}

// Authorize returns the token that is kept, or waits for another one. A token in its last minute serves
// on while it is renewed.
func (g *Grant) Authorize(ctx context.Context, deadline time.Time, sender *wire.Sender, refused *Authorization) (*Authorization, *Failure) {
	if refused != nil {
		g.drop(refused)
	}
	current, renew := g.current()
	if !renew {
		return current, nil
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	// The flight serves every caller that waits: it outlives the one that began it.
	detached := context.WithoutCancel(ctx)
	if current != nil {
		detached = context.Background() //nolint:contextcheck // the values of ctx are those of a call that does not wait
	}
	for last := false; ; last = true {
		began := false
		flight := g.flight.DoChan("", recovered(func() (*Authorization, *Failure) { began = true; return g.refresh(detached, sender) }, g.secrets))
		if current != nil {
			return current, nil
		}
		got, failure := wait(ctx, flight)
		// A flight that another client began has the time of that client, and may bring the token that was
		// refused here meanwhile.
		useless := failure != nil && errors.Is(failure, context.DeadlineExceeded) || failure == nil && refused != nil && got.Token == refused.Token
		if last || ctx.Err() != nil || began || !useless {
			return got, failure
		}
	}
}

// drop forgets a token that Zoho refused, unless there is a newer one already.
func (g *Grant) drop(refused *Authorization) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token.Value == refused.Token {
		g.token, g.refused = accessToken{}, g.token.Asked
	}
}

// refresh returns a token from the flight before, from the cache, or from the token endpoint.
func (g *Grant) refresh(ctx context.Context, sender *wire.Sender) (*Authorization, *Failure) {
	g.mu.Lock()
	current, refused, throttle, throttleEnds := g.token, g.refused, g.throttle, g.throttleEnds
	g.mu.Unlock()
	if current.usable() {
		return current.authorization, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sender.Timeout)
	defer cancel()
	if cached := g.cached(ctx, sender); cached.usable() && cached.Asked.After(refused) {
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
		if time.Now().Before(current.Ends) { // no caller gets to know
			warn(ctx, sender, "a token that ends soon was not renewed", failure)
		}
		return nil, failure
	}
	if !token.Asked.After(refused) {
		token.Asked = refused.Add(1) // the clock has not moved on
	}
	authorization := g.keep(token)
	g.cache(ctx, sender, token)
	return authorization, nil
}

func (g *Grant) keep(token accessToken) *Authorization {
	token.authorization = newAuthorization(token.Value)
	g.mu.Lock()
	g.token = token
	g.mu.Unlock()
	g.hold(time.Until(token.RenewAt))
	return token.authorization
}

// hold keeps g for clients to come, where none has it now: Zoho counts its tokens all the same.
func (g *Grant) hold(d time.Duration) {
	time.AfterFunc(d, func() { runtime.KeepAlive(g) })
}

func (g *Grant) cached(ctx context.Context, sender *wire.Sender) (token accessToken) {
	if g.Cache == nil {
		return accessToken{}
	}
	ctx, cancel := context.WithTimeout(ctx, sender.AttemptTimeout)
	defer cancel()
	value, err := g.Cache.Get(ctx, g.key)
	decodeErr := json.Unmarshal(value, &token)
	if err != nil {
		warn(ctx, sender, "the token cache failed to return a token", err, token.Value)
	}
	if err != nil || decodeErr != nil || token.Key != g.key || check(token.Value) != nil {
		return accessToken{}
	}
	return token
}

func (g *Grant) cache(ctx context.Context, sender *wire.Sender, token accessToken) {
	if g.Cache == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sender.AttemptTimeout)
	defer cancel()
	value, err := json.Marshal(token) //nolint:gosec // the secret is what a Cache is for
	if err == nil {
		err = g.Cache.Put(ctx, g.key, value)
	}
	if err != nil {
		warn(ctx, sender, "the token cache failed to keep a token", err, token.Value)
	}
}

func warn(ctx context.Context, sender *wire.Sender, what string, err error, secrets ...string) {
	sender.Logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: "+what, slog.String("error", safetext.Redact(safetext.Line(err.Error()), secrets...)))
}
