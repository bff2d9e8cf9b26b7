"""Which test carries out each action of the table, by its key."""

from __future__ import annotations

_TESTS = {
    "test_groups.py": {
        "test_runs_are_grouped_and_a_group_is_shown": ["runs.group", "groups.sort"],
        "test_another_key_is_chosen": ["groups.key"],
    },
    "test_nesting.py": {
        "test_children_stand_under_their_parent": ["runs.fold", "runs.nest"],
    },
    "test_actions.py": {
        "test_theme_is_kept": [
            "app.palette",
            "app.theme",
        ],
        "test_places_keep_what_was_open": [
            "app.runs",
        ],
        "test_header_is_clicked": [
            "app.servers",
        ],
        "test_quit_asks_while_servers_would_end": [
            "app.quit",
        ],
    },
    "test_bulk.py": {
        "test_exported_artifacts_replace_nothing_unasked": [
            "export.keep",
        ],
        "test_a_note_is_added_to_several_or_replaces_theirs": [
            "note.replace",
        ],
        "test_a_model_is_registered_with_an_alias_and_unregistered": [
            "app.undo",
        ],
        "test_what_keeps_a_run_from_starting_is_told": [
            "lists.open",
        ],
        "test_export_in_every_format_with_artifacts": [
            "export.format",
            "export.artifacts",
            "lists.unmark",
            "runs.export",
        ],
        "test_a_run_without_a_model_says_how_to_get_one": [
            "runs.register",
        ],
        "test_a_new_experiment_is_made_for_them_and_goes_with_the_undo": [
            "runs.move",
        ],
        "test_a_project_is_run_again_with_other_params": [
            "tags.edit",
            "runs.rerun",
        ],
        "test_stopped_work_stays_as_far_as_it_came_and_is_undone": [
            "runs.delete",
        ],
    },
    "test_chart.py": {
        "test_the_wheel_zooms_about_the_pointer_and_dragging_moves_the_view": [
            "chart.zoom_in",
        ],
        "test_zoom_pan_and_reset": [
            "chart.zoom_out",
            "chart.zoom_reset",
            "chart.pan_left",
            "chart.pan_right",
        ],
        "test_ten_curves_have_a_legend_of_their_own_and_are_read_off_in_a_box": [
            "chart.cross_left",
        ],
        "test_a_step_of_the_crosshair_repaints_what_it_crosses_and_the_legend": [
            "chart.cross_right",
        ],
        "test_the_legend_names_the_curves_and_the_scale": [
            "chart.log",
            "chart.time",
        ],
        "test_long_series_are_made_ready_beside_the_screen": [
            "chart.smooth",
        ],
        "test_what_is_in_view_is_saved": [
            "chart.save",
        ],
    },
    "test_compare.py": {
        "test_curves_follow_the_metric_under_the_cursor": [
            "lists.down",
        ],
        "test_many_runs_scroll_sideways_by_whole_columns": [
            "lists.left",
        ],
        "test_images_stand_side_by_side": [
            "lists.top",
        ],
        "test_what_goes_with_the_metric_is_told_of_five_runs": [
            "lists.bottom",
        ],
        "test_the_head_and_the_keys_stay_when_the_table_scrolls": [
            "lists.half_down",
            "lists.page_down",
        ],
        "test_b_makes_the_column_under_the_cursor_the_baseline": [
            "compare.baseline",
        ],
        "test_equal_rows_are_folded_and_unfolded": [
            "compare.fold",
        ],
        "test_a_live_run_is_followed_and_the_cursor_stays": [
            "compare.next_difference",
        ],
        "test_n_goes_from_difference_to_difference_and_around": [
            "compare.previous_difference",
        ],
        "test_transposed_runs_are_lines_and_the_keys_mean_the_same": [
            "compare.transpose",
        ],
        "test_v_goes_by_the_least_greatest_and_best_value": [
            "compare.measure",
        ],
        "test_i_turns_the_direction_round_and_z_takes_it_back": [
            "compare.direction",
        ],
        "test_a_file_of_another_kind_is_refused_in_words": [
            "compare.export",
        ],
    },
    "test_dialog_keys.py": {
        "test_a_list_under_a_field_is_paged_through": [
            "field.next_page",
            "field.previous_page",
        ],
        "test_tags_are_saved_by_a_key_although_something_is_written": [
            "tags.save",
        ],
        "test_dialogs_go_by_the_keys_of_the_user": [
            "field.submit",
            "columns.check",
            "dialog.cancel",
        ],
    },
    "test_every_action.py": {
        "test_pages_up_and_to_the_models_and_into_the_background": [
            "app.suspend",
            "lists.page_up",
        ],
        "test_the_request_is_edited_by_a_click_on_its_hint": [
            "servers.console",
        ],
    },
    "test_models_screen.py": {
        "test_hostile_names_are_text": [
            "app.models",
            "models.delete",
        ],
        "test_serve_offers_the_aliases_and_the_newest": [
            "models.serve",
        ],
        "test_promote_sets_an_alias_and_undo_gives_it_back": [
            "models.promote",
        ],
        "test_marked_versions_are_compared": [
            "models.diff",
        ],
        "test_tags_and_description_are_edited_and_undone": [
            "note.save",
            "models.tags",
            "models.describe",
        ],
        "test_retrain_asks_as_run_again_does": [
            "models.retrain",
        ],
    },
    "test_jump.py": {
        "test_a_letter_leads_to_the_other_pane_and_back": [
            "app.jump",
        ],
    },
    "test_painting.py": {
        "test_the_screen_is_drawn_again_by_a_key": [
            "app.redraw",
        ],
    },
    "test_run_screen.py": {
        "test_artifacts_that_lead_out_or_are_gone_are_told": [
            "app.refresh",
        ],
        "test_params_are_searched_and_written_out": [
            "runs.serve",
        ],
        "test_a_deleted_run_says_so_and_is_restored": [
            "runs.restore",
        ],
        "test_names_from_a_run_are_never_markup": [
            "run.next_tab",
        ],
        "test_tabs_turn_both_ways_and_by_click": [
            "run.previous_tab",
        ],
    },
    "test_runs.py": {
        "test_help_lists_what_works_here": [
            "app.help",
        ],
        "test_errors_stay_until_dismissed": [
            "app.back",
        ],
        "test_experiments_pane_shows_other_runs_while_moving": [
            "app.next_pane",
        ],
        "test_copy_id_goes_to_the_terminal": [
            "app.copy_id",
        ],
        "test_diff_of_one_marked_run_against_the_cursor": [
            "lists.up",
            "runs.diff",
        ],
        "test_moving": [
            "lists.half_up",
        ],
        "test_another_process_logs_and_values_come_by_themselves": [
            "lists.mark",
        ],
        "test_marks_by_key": [
            "lists.range",
        ],
        "test_palette_runs_an_action": [
            "lists.mark_all",
        ],
        "test_a_filter_without_a_match_says_how_to_go_on": [
            "lists.filter",
        ],
        "test_columns_are_chosen_by_search_and_remembered": [
            "lists.columns",
        ],
        "test_tags_of_marked_runs_are_set_removed_and_undone": [
            "tags.remove",
            "runs.tags",
        ],
        "test_deleted_runs_are_shown_and_restored": [
            "runs.deleted",
        ],
        "test_cursor_move_repaints_two_lines_and_sends_little": [
            "runs.preview",
        ],
    },
    "test_runs_chart.py": {
        "test_runs_without_metrics_are_a_histogram": [
            "runs.charts",
        ],
        "test_it_is_live_and_filtered": [
            "plots.choose_x",
            "plots.choose_y",
        ],
        "test_a_histogram_of_any_column": [
            "plots.histogram",
        ],
        "test_logarithmic_axes": [
            "plots.log_x",
        ],
    },
    "test_runs_view.py": {
        "test_columns_are_reordered_and_kept": [
            "columns.earlier",
            "columns.later",
            "columns.default",
        ],
        "test_statuses_and_experiments_are_offered": [
            "filter.offer",
        ],
        "test_a_filter_is_completed_word_by_word": [
            "filter.complete",
            "filter.clear",
        ],
        "test_filters_that_were": [
            "field.next",
            "field.previous",
        ],
        "test_no_column_stays_hidden_where_there_is_room": [
            "lists.right",
        ],
        "test_columns_of_one_name_are_told_apart": [
            "lists.sort",
        ],
        "test_several_sort_keys": [
            "lists.sort_more",
        ],
        "test_pinned_columns_stay_when_others_scroll": [
            "lists.pin_column",
        ],
        "test_widths_are_chosen_and_kept": [
            "lists.narrower",
            "lists.wider",
        ],
        "test_texts_are_counted": [
            "lists.summary",
        ],
        "test_views_are_renamed_overwritten_and_deleted": [
            "views.save",
            "views.rename",
            "views.delete",
            "lists.views",
        ],
        "test_a_view_is_saved_listed_and_shown": [
            "lists.save_view",
        ],
        "test_live_runs_are_followed": [
            "lists.follow",
        ],
        "test_a_long_list_scrolls_under_the_pinned_runs": [
            "runs.pin",
        ],
        "test_what_to_copy_is_chosen": [
            "runs.copy",
        ],
        "test_experiments_come_and_go_at_every_width": [
            "runs.experiments",
        ],
    },
    "test_servers_screen.py": {
        "test_s_serves_the_model_and_the_console_asks_it": [
            "servers.send",
            "servers.invoke",
            "servers.stop",
        ],
        "test_what_reaches_a_server_is_copied": [
            "servers.copy",
        ],
        "test_detaching_is_said_and_done_once": [
            "servers.detach",
        ],
        "test_a_server_that_was_killed_is_told_and_started_again": [
            "servers.restart",
        ],
    },
    "test_settings.py": {
        "test_themes_are_seen_while_choosing": [
            "app.themes",
        ],
    },
    "test_tabs.py": {
        "test_an_editor_that_fails_is_told_and_nothing_lost": [
            "note.editor",
        ],
        "test_a_note_is_written_in_the_editor": [
            "runs.note",
        ],
        "test_a_large_table_scrolls_and_is_searched": [
            "run.search",
        ],
        "test_a_log_is_searched": [
            "run.next_match",
            "run.previous_match",
        ],
        "test_artifacts_are_saved_and_nothing_is_replaced_unasked": [
            "run.download",
        ],
        "test_what_loads_a_model_is_copied": [
            "run.copy",
        ],
    },
    "test_why.py": {
        "test_the_params_are_listed_and_one_is_drawn": [
            "runs.why",
            "why.metric",
        ],
    },
}

EXERCISED = {
    action_id: f"{file}::{name}"
    for file, tests in _TESTS.items()
    for name, action_ids in tests.items()
    for action_id in action_ids
}
"""The file and function of a test by the id of the action."""
