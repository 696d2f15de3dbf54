package graph_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

// refused is a credential that fails until it is told otherwise.
type refused struct {
	mu    sync.Mutex
	err   error
	tries int
}

func (r *refused) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	if r.err != nil {
		return azcore.AccessToken{}, r.err
	}
	return signedIn{}.GetToken(ctx, o)
}

func (r *refused) answer(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func aadsts(codes ...int) error {
	text := "SomeCredential authentication failed. \nPOST https://login\n"
	for _, c := range codes {
		text += fmt.Sprintf("\"error_description\": \"AADSTS%d: the account ada@contoso.com ...\", AADSTS%d again\n", c, c)
	}
	return errors.New(text)
}

func TestSignInErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err       error
		codes     []int
		permanent bool
		advice    string
	}{
		"MFA":                  {aadsts(50076), []int{50076}, true, "multi-factor"},
		"MFA registration":     {aadsts(50079), []int{50079}, true, "multi-factor"},
		"external challenge":   {aadsts(50158), []int{50158}, true, "multi-factor"},
		"conditional access":   {aadsts(53003), []int{53003}, true, "Conditional Access"},
		"device not compliant": {aadsts(53000), []int{53000}, true, "Conditional Access"},
		"wrong password":       {aadsts(50126), []int{50126}, true, "password is wrong"},
		"no such user":         {aadsts(50034), []int{50034}, true, "no such account"},
		"password expired":     {aadsts(50055), []int{50055}, true, "expired"},
		"disabled":             {aadsts(50057), []int{50057}, true, "enable it"},
		"locked":               {aadsts(50053), []int{50053}, true, "locked"},
		"consent":              {aadsts(65001), []int{65001}, true, "Consent"},
		"public client":        {aadsts(7000218), []int{7000218}, true, "Allow public client flows"},
		"wrong secret":         {aadsts(7000215), []int{7000215}, true, "value of the secret"},
		"expired secret":       {aadsts(7000222), []int{7000222}, true, "create a new one"},
		"bad certificate":      {aadsts(700027), []int{700027}, true, "certificate"},
		"wrong application":    {aadsts(700016), []int{700016}, true, "application id"},
		"wrong tenant":         {aadsts(90002), []int{90002}, true, "tenant id"},
		"refresh token":        {aadsts(700082), []int{700082}, true, "sign the account in again"},
		"revoked":              {aadsts(50173), []int{50173}, true, "sign the account in again"},
		"unused for long":      {aadsts(70008), []int{70008}, true, "sign the account in again"},
		"old second factor":    {aadsts(50078), []int{50078}, true, "sign the account in again"},
		"password changed":     {aadsts(50133), []int{50133}, true, "sign the account in again"},
		"too old a sign-in":    {aadsts(70043), []int{70043}, true, "sign the account in again"},
		"registration":         {aadsts(50072), []int{50072}, true, "multi-factor"},
		"another tenant's":     {aadsts(50020), []int{50020}, true, "another tenant"},
		"no password":          {aadsts(50056), []int{50056}, true, "device code"},
		"not assigned":         {aadsts(50105), []int{50105}, true, "assign"},
		"clock":                {aadsts(700024), []int{700024}, true, "clock"},
		"workload identity":    {aadsts(700213), []int{700213}, true, "federated credential"},
		"app disabled":         {aadsts(7000112), []int{7000112}, true, "enable it"},
		"another cloud":        {aadsts(500011), []int{500011}, true, "cloud"},
		"several":              {aadsts(90033, 50126), []int{90033, 50126}, true, "password is wrong"},
		"transient":            {aadsts(90033), []int{90033}, false, ""},
		"unknown":              {aadsts(12345), []int{12345}, false, ""},
		"no answer":            {errors.New("dial tcp: connection refused"), nil, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := graph.New(&refused{err: test.err}, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
			require.NoError(t, err)
			_, err = c.People(t.Context())
			var e *graph.SignInError
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, test.err)
			require.NotErrorIs(t, err, presence.ErrRefused)
			require.Equal(t, test.codes, e.Codes)
			require.Equal(t, test.permanent, e.Permanent())
			require.Contains(t, presence.Advice(err), test.advice)
			require.Equal(t, test.advice == "", presence.Advice(err) == "")
			require.NotContains(t, err.Error(), "ada@contoso.com")
		})
	}
}

func TestPermanentSignInFailureIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &refused{err: aadsts(50126)}
		c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
		require.NoError(t, err)
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() { _, _ = c.People(t.Context()) })
		}
		calls.Wait()
		require.Equal(t, 1, cred.tries)

		cred.answer(nil)
		pass(4 * time.Minute)
		_, err = c.People(t.Context())
		require.ErrorContains(t, err, "list people: sign-in refused: AADSTS50126")
		pass(time.Minute)
		_, err = c.People(t.Context())
		require.NoError(t, err)
	})
}

func TestAWrongPasswordIsTriedLessAndLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for code, want := range map[int][2]int{50126: {6, 13}, 53003: {280, 290}} {
			cred := &refused{err: aadsts(code)}
			c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
			require.NoError(t, err)
			for range 24 * 60 {
				_, err = c.People(t.Context())
				require.Error(t, err)
				pass(time.Minute)
			}
			require.GreaterOrEqual(t, cred.tries, want[0])
			require.LessOrEqual(t, cred.tries, want[1])
		}
	})
}

func TestTransientSignInFailureIsNot(t *testing.T) {
	t.Parallel()
	cred := &refused{err: errors.New("dial tcp: connection refused\nand more")}
	c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
	require.NoError(t, err)
	_, err = c.People(t.Context())
	require.EqualError(t, err, "list people: sign-in failed: dial tcp: connection refused")
	cred.answer(nil)
	_, err = c.People(t.Context())
	require.NoError(t, err)
}

// stuck is a credential that waits for its ctx.
type stuck struct{}

func (stuck) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	<-ctx.Done()
	return azcore.AccessToken{}, errors.New("interrupted AADSTS50126")
}

func TestSignInEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := graph.New(stuck{}, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
		require.NoError(t, err)
		go c.People(t.Context()) // has the turn
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.People(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestPushRetriesAPermanentSignInSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		cred := &refused{err: aadsts(50076)}
		user, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: p.tenant})
		require.NoError(t, err)
		p.push = graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: "u", Client: user}}, App: p.client(), Webhook: p.hook, Store: p.records})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Hour)
		cred.mu.Lock()
		require.LessOrEqual(t, cred.tries, 13)
		cred.mu.Unlock()
		require.Equal(t, presence.StateFailed, p.push.Health().State)
		require.Contains(t, p.push.Health().Todo, "multi-factor")

		cred.answer(nil)
		pass(10 * time.Minute)
		require.Equal(t, presence.StateOK, p.push.Health().State)
	})
}
