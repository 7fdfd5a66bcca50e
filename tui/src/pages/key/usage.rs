//! The usage panel: the week's percentiles, what failed, what else calls are told apart by, and the busiest endpoints.

use std::cmp::Reverse;

use keyward_keys::view::UsageReport;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::key::KeyPage;
use crate::pages::key::panels::LABEL;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, width};
use crate::widgets::{chart, format};

/// Rows above what calls are told apart by.
const HEAD: u16 = 4;

/// From how many places calls were reported.
fn clients(count: u64) -> String {
    match count {
        0 => String::new(),
        1 => ", from one place".to_owned(),
        count => format!(", from {} places", format::count(count)),
    }
}

/// What calls are told apart by, where they told of it, with the calls of each, the most first.
fn told_apart(report: &UsageReport) -> Vec<(&'static str, Vec<(String, u64)>)> {
    let statuses = report.statuses.iter().map(|one| (one.status.to_string(), one.requests)).collect();
    let methods = report.methods.iter().map(|one| (one.method.clone(), one.requests)).collect();
    let apps = report.service_tokens.iter().map(|one| (safe(&one.name).into_owned(), one.requests)).collect();
    let mut rows: Vec<(_, Vec<_>)> = vec![("Status", statuses), ("Method", methods), ("App", apps)];
    rows.retain(|(_, shares)| !shares.is_empty());
    rows.iter_mut().for_each(|(_, shares)| shares.sort_by_key(|(_, calls)| Reverse(*calls)));
    rows
}

impl KeyPage {
    /// Rows the panel takes.
    pub(super) fn usage_rows(&self) -> u16 {
        let Some(report) = self.report.value() else { return HEAD + 3 };
        let rows = told_apart(report).len() + report.top_endpoints.len().max(1);
        (HEAD + 2).saturating_add(u16::try_from(rows).unwrap_or(u16::MAX))
    }

    pub(super) fn draw_usage(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let (dim, text) = (ui.style(Tone::Dim), ui.style(Tone::Text));
        let Some(report) = self.report.value() else {
            self.report.draw_excuse(area, buf, ui);
            return;
        };
        let sum = &report.summary;
        Pen::new(buf, area, 0)
            .cell("7 days", LABEL, dim)
            .text(format::count(sum.total_requests), ui.style(Tone::Strong))
            .text(format!(" {}", format::unit(sum.total_requests, "calls")), dim)
            .text(clients(report.unique_clients), dim);
        let mut pen = Pen::new(buf, area, 1);
        pen.cell("Response", LABEL, dim);
        for (figure, name) in [(sum.p50, "p50"), (sum.p95, "p95"), (sum.p99, "p99")] {
            pen.text(name, dim).skip(1).text(format::millis(figure), ui.style(Tone::Strong)).skip(1);
        }
        let failed = sum.failed_requests;
        let tone = if failed > 0 { Tone::Warn } else { Tone::Text };
        Pen::new(buf, area, 2)
            .cell("Failed", LABEL, dim)
            .text(format::count(failed), ui.style(tone))
            .text(format!(" calls, {}", format::percent(failed, sum.total_requests)), dim);
        let errors = [(report.errors.client_errors, "4xx"), (report.errors.server_errors, "5xx")];
        let told = |count| if area.width < 60 { format::short(count) } else { format::count(count) };
        let counts = errors.map(|(count, class)| (told(count), count, class));
        let words: u16 = counts.iter().map(|(text, _, class)| width(text) + width(class) + 2).sum();
        let mut pen = Pen::new(buf, area, 3);
        pen.cell("", LABEL, dim);
        let bar = (pen.left().saturating_sub(words + 2) / 2).min(8);
        for (told, count, class) in counts {
            pen.text(class, dim).skip(1).text(told, text).skip(1);
            chart::bar(&mut pen, bar, count, failed.max(1), ui);
            pen.skip(2);
        }
        let rows = told_apart(report);
        for (row, (label, shares)) in (HEAD..).zip(&rows) {
            let mut pen = Pen::new(buf, area, row);
            pen.cell(label, LABEL, dim);
            for (name, calls) in shares {
                let calls = told(*calls);
                if pen.left() < width(name) + width(&calls) + 1 {
                    break;
                }
                pen.text(name, dim).skip(1).text(calls, text).skip(2);
            }
        }
        let head = HEAD + 2 + u16::try_from(rows.len()).unwrap_or_default();
        Pen::new(buf, area, head - 1).text("BUSIEST ENDPOINTS", dim);
        if report.top_endpoints.is_empty() {
            Pen::new(buf, area, head).text("No call named its endpoint.", text);
        }
        for (row, endpoint) in (head..area.height).zip(&report.top_endpoints) {
            let mut pen = Pen::new(buf, area, row);
            let name = pen.left().saturating_sub(if area.width < 60 { 16 } else { 30 }).min(60);
            pen.cell(safe(&endpoint.endpoint), name, text).skip(1);
            if area.width >= 60 {
                chart::bar(&mut pen, 12, endpoint.requests, sum.total_requests, ui);
                pen.skip(1);
            }
            pen.cell_right(format!("{:.1} %", endpoint.percentage), 7, ui.style(Tone::Strong));
            pen.cell_right(format::short(endpoint.requests), 7, dim);
        }
    }
}
