package defenses

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// strictly decodes JSON and refuses keys that v does not have.
func strictly(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return fmt.Errorf("%s is a %s: it must be a %s", kind.Field, kind.Value, kind.Type)
		}
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}

// UnmarshalJSON reads the list that Stack documents. It does not validate.
func (s *Stack) UnmarshalJSON(data []byte) error {
	var entries []json.RawMessage
	if err := strictly(data, &entries); err != nil {
		return fmt.Errorf("a stack is a list of defenses: %w", err)
	}
	var stack Stack
	for _, entry := range entries {
		if err := stack.read(entry); err != nil {
			return err
		}
	}
	*s = stack
	return nil
}

// UnmarshalYAML reads the list that Stack documents, as the JSON that says the
// same. It does not validate.
func (s *Stack) UnmarshalYAML(decode func(any) error) error {
	var tree any
	if err := decode(&tree); err != nil {
		return err
	}
	data, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return s.UnmarshalJSON(data)
}

// read adds one entry of the list: a name, or a map of one name to settings.
func (s *Stack) read(entry json.RawMessage) error {
	var name string
	if json.Unmarshal(entry, &name) == nil {
		return s.add(name, nil)
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(entry, &named); err != nil || len(named) != 1 {
		return fmt.Errorf("%s in a stack: each entry is the name of a defense, or a map of one name to its settings", entry)
	}
	for name, settings := range named {
		if err := s.add(name, settings); err != nil {
			return err
		}
	}
	return nil
}

// add adds a defense with its defaults where settings say nothing else.
func (s *Stack) add(name string, settings json.RawMessage) error {
	at := slices.IndexFunc(slots, func(slot slot) bool { return string(slot.kind) == name })
	if at < 0 {
		return fmt.Errorf("there is no defense %q: choose of %v", name, Kinds())
	}
	slot := slots[at]
	if slot.settings(s) != nil {
		return fmt.Errorf("the stack has %s twice", name)
	}
	target := slot.fill(s)
	if len(settings) == 0 || string(settings) == "null" {
		return nil
	}
	if err := strictly(settings, target); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Set gives one setting of a defense that the stack has another value: a number, a
// truth value or a text. It does not validate.
func (s *Stack) Set(kind Kind, key, value string) error {
	at := slices.IndexFunc(slots, func(slot slot) bool { return slot.kind == kind })
	if at < 0 || slots[at].settings(s) == nil {
		return fmt.Errorf("the stack has no %s", kind)
	}
	content := json.RawMessage(value)
	if !json.Valid(content) {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		content = text
	}
	settings, err := json.Marshal(map[string]json.RawMessage{key: content})
	if err != nil {
		return err
	}
	return strictly(settings, slots[at].in(s))
}

// entry is a defense as a stack writes it: its name and all settings.
type entry map[Kind]validator

// entries are the defenses of the stack as a list, in the order of application.
func (s Stack) entries() []entry {
	list := []entry{}
	for _, slot := range slots {
		if settings := slot.settings(&s); settings != nil {
			list = append(list, entry{slot.kind: settings})
		}
	}
	return list
}

// MarshalJSON writes the canonical form: the defenses in the order of
// application, each with every setting. No defense is the empty list.
func (s Stack) MarshalJSON() ([]byte, error) { return json.Marshal(s.entries()) }

// MarshalYAML writes the canonical form; see MarshalJSON.
func (s Stack) MarshalYAML() (any, error) { return s.entries(), nil }
