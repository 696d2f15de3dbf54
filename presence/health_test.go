package presence_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

type advised struct{ error }

func (advised) Advice() string { return "renew the secret" }

func TestLightKeepsSinceAndLastError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		light := presence.NewLight("authentication")
		start := time.Now()
		require.Equal(t, presence.Health{Name: "authentication", State: presence.StateStarting, Since: start}, light.Health())
		synctestWait(time.Minute)
		light.Fail(fmt.Errorf("sign in: %w", advised{errors.New("secret expired")}))
		failed := light.Health()
		require.Equal(t, presence.StateFailed, failed.State)
		require.Equal(t, start.Add(time.Minute), failed.Since)
		require.Equal(t, "renew the secret", failed.Todo)
		synctestWait(time.Minute)
		light.Fail(errors.New("again"))
		require.Equal(t, failed.Since, light.Health().Since, "since is when the state began")
		require.Empty(t, light.Health().Todo)
		light.OK("signed in")
		require.Equal(t, "again", light.Health().LastError, "the last error stays readable")
	})
}

func TestAdviceOfAnErrorWithoutOne(t *testing.T) {
	t.Parallel()
	require.Empty(t, presence.Advice(errors.New("plain")))
	require.Empty(t, presence.Advice(nil))
}

func TestNotesStayOutOfLogsAndTexts(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	value := presence.PBX{Activity: "lunch", Note: "with the lawyer"}
	slog.New(slog.NewTextHandler(&out, nil)).Info("seen", "value", value)
	require.NotContains(t, out.String()+fmt.Sprint(value)+fmt.Sprintf("%v %s", value, value), "lawyer")
	require.Contains(t, out.String(), "lunch")
}

// synctestWait lets simulated time pass.
func synctestWait(d time.Duration) { <-time.After(d) }
