package inference

import "fmt"

// Fields of a request, as a [RequestError] names them.
const (
	FieldRun       = "run"
	FieldPoint     = "point"
	FieldSeed      = "seed"
	FieldAttackers = "attackers"
	FieldDefender  = "defender"
	FieldAgent     = "agent"
	FieldTrigger   = "trigger"
	FieldSample    = "sample"
)

// RequestError reports a request that the stored run cannot answer: another value
// of the field, or a value where there was none, would be answered.
type RequestError struct {
	Field  string // one of the constants
	Value  string // that was given; empty: none
	Reason string // with the allowed values
}

// Error returns the field, its value and the reason in one line.
func (e *RequestError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("inference: read the request: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("inference: read the request: %s %s: %s", e.Field, e.Value, e.Reason)
}

// refuse returns a [RequestError] with a formatted reason.
func refuse(field, value, format string, args ...any) error {
	return &RequestError{Field: field, Value: value, Reason: fmt.Sprintf(format, args...)}
}
