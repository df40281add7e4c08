package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

func TestExitCode(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{Usagef("wrong"), 2},
		{fmt.Errorf("run: %w", Usagef("wrong")), 2},
		{fmt.Errorf("run: %w", config.ErrInvalid), 2},
		{fmt.Errorf("2 of 9 cells failed: %w", ErrCellsFailed), 3},
		{&InterruptedError{}, 130},
		{fmt.Errorf("load: %w", context.Canceled), 130},
		{errors.Join(context.Canceled, ErrCellsFailed), 130},
	} {
		require.Equal(t, tc.want, ExitCode(tc.err), "%v", tc.err)
	}
}

func TestErrorTexts(t *testing.T) {
	cause := errors.New("cause")
	require.EqualError(t, Usagef("%q is wrong: %w", "x", cause), `"x" is wrong: cause`)
	require.ErrorIs(t, Usagef("wrong: %w", cause), cause)
	require.EqualError(t, &InterruptedError{}, "interrupted")
	require.EqualError(t, &InterruptedError{Resume: "repeat the command to resume"}, "interrupted; repeat the command to resume")
}
