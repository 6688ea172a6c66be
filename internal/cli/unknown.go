package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkCommands makes cmd and its subcommands return an error if a command is missing, and an error with suggestions for
// an unknown command or flag. Cobra does so only for an unknown command at the root.
func checkCommands(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(unknownFlag)
	if cmd.HasSubCommands() {
		cmd.Args = unknownCommand
		if cmd.RunE == nil {
			cmd.RunE = func(*cobra.Command, []string) error { return errNothing }
		}
	}
	for _, sub := range cmd.Commands() {
		checkCommands(sub)
	}
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), didYouMean(cmd, args[0], ""))
}

func unknownFlag(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	names := new(cobra.Command) // for its search for similar names
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return fmt.Errorf("%w%s", err, didYouMean(names, unknown.GetSpecifiedName(), "--"))
}

// didYouMean returns `; did you mean "x"?` with the names of subcommands that are similar to what the user typed, or
// "" if there is none.
func didYouMean(cmd *cobra.Command, typed, prefix string) string {
	cmd.SuggestionsMinimumDistance = 2 // cobra's default for root commands
	var names []string
	for _, name := range cmd.SuggestionsFor(typed) {
		names = append(names, strconv.Quote(prefix+name))
	}
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}
